-- One round in the real editor: a diagnostic comes and goes with an edit, a
-- lens is run, the result is shown, the server is gone at the end.
local messages = {}
local function record(_, result)
  table.insert(messages, result.message)
end
vim.lsp.handlers["window/showMessage"] = record

local function fail(what)
  io.stderr:write("FAIL: " .. what .. "\n")
  for _, m in ipairs(messages) do
    io.stderr:write("message: " .. m .. "\n")
  end
  for _, d in ipairs(vim.diagnostic.get(0)) do
    io.stderr:write("diagnostic: " .. d.message .. "\n")
  end
  io.stderr:write(vim.fn.execute("messages") .. "\n")
  vim.cmd("cquit 1")
end

local function await(what, condition)
  if not vim.wait(10000, condition, 5) then
    fail(what)
  end
  io.stdout:write("ok: " .. what .. "\n")
end

local function run()
  vim.cmd("edit " .. vim.env.DAGGER_TEST_FILE)

  await("a wrong op is told at its line", function()
    local d = vim.diagnostic.get(0)
    return #d == 1 and d[1].lnum == 4 and d[1].message:find("exce") ~= nil
  end)

  local line = vim.api.nvim_buf_get_lines(0, 4, 5, false)[1]
  vim.api.nvim_buf_set_lines(0, 4, 5, false, { (line:gsub("exce", "exec")) })
  await("mended, the diagnostic goes", function()
    return #vim.diagnostic.get(0) == 0
  end)

  vim.lsp.codelens.refresh()
  await("the component has lenses for the text as it is", function()
    local lenses = vim.lsp.codelens.get(0)
    return #lenses == 3 and lenses[1].command.arguments[1].version == vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()]
  end)

  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  local wanted = "Run"
  vim.ui.select = function(items, opts, choose)
    for _, item in ipairs(items) do
      local text = (opts.format_item or tostring)(item)
      if text:find(wanted) then
        return choose(item)
      end
    end
    fail("no lens " .. wanted)
  end
  vim.cmd("DaggerLens")
  await("the run's result is shown", function()
    return messages[1] ~= nil and messages[1]:find("hello: done in") ~= nil and messages[1]:find("hello = from the container") ~= nil
  end)

  wanted = "Plan"
  vim.cmd("DaggerLens")
  await("the plan opens in a window", function()
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
    return text:find("1. fetch%-container busybox") ~= nil
  end)

  local clients = vim.lsp.get_active_clients()
  vim.lsp.stop_client(clients)
  await("the server is gone", function()
    return #vim.lsp.get_active_clients() == 0
  end)
  vim.cmd("qall!")
end

local ok, err = xpcall(run, debug.traceback)
if not ok then
  fail(err)
end
