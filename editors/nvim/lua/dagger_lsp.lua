-- dagger-lsp in Neovim, from 0.7 on. Put this folder on 'runtimepath' and call
--
--   require("dagger_lsp").setup({})
--
-- Options: cmd (the server's command), trusted (false: nothing is run).
--
-- Diagnostics, symbols and hovers are Neovim's own. Lenses run with
-- :DaggerLens on the component's line; Plan and Graph open what they say in a
-- window of their own. A run tells its end as a message;
-- :DaggerCancel cancels what runs.
local M = {}

local defaults = { cmd = { "dagger-lsp", "--stdio" }, trusted = true }

-- jobs maps the ids of running jobs to their components.
local jobs = {}

local function root_of(path)
  local dir = vim.fn.fnamemodify(path, ":p:h")
  for _, mark in ipairs({ "cue.mod", ".git" }) do
    local found = vim.fn.finddir(mark, dir .. ";")
    if found ~= "" then
      return vim.fn.fnamemodify(found, ":p:h:h")
    end
  end
  return dir
end

-- show opens text in a scratch window.
local function show(name, text)
  vim.cmd("botright new")
  local buf = vim.api.nvim_get_current_buf()
  vim.bo[buf].buftype = "nofile"
  vim.bo[buf].bufhidden = "wipe"
  vim.api.nvim_buf_set_name(buf, "dagger://" .. name)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, vim.split(text, "\n"))
end

-- asking is the client's side of a lens: it tells what the server refuses, for
-- example because the text has changed since, and hands the answer on.
local function asking(take)
  return function(command, ctx)
    local client = vim.lsp.get_client_by_id(ctx.client_id)
    client.request("workspace/executeCommand", {
      command = command.command,
      arguments = command.arguments,
    }, function(err, answer)
      if err then
        vim.notify(err.message, vim.log.levels.ERROR)
      else
        take(answer, command.arguments[1].component)
      end
    end, ctx.bufnr)
  end
end

local function showing(title)
  return asking(function(text, component) show(title .. "/" .. component, text) end)
end

local function handlers()
  return {
    ["cuellb/jobState"] = function(_, state)
      if state.status == "running" or state.status == "pending" then
        jobs[state.job] = state.component
      else
        jobs[state.job] = nil
      end
    end,
  }
end

local function config(opts)
  return {
    name = "dagger-lsp",
    cmd = opts.cmd,
    filetypes = { "cue" },
    root_markers = { "cue.mod", ".git" },
    init_options = { trusted = opts.trusted, jobState = true },
    handlers = handlers(),
  }
end

-- attach begins showing lenses in a buffer.
local function attach(buf)
  local group = vim.api.nvim_create_augroup("dagger_lsp_" .. buf, { clear = true })
  local function refresh()
    if vim.api.nvim_get_current_buf() == buf then
      vim.lsp.codelens.refresh()
    end
  end
  for _, event in ipairs({ "BufEnter", "InsertLeave", "TextChanged", "DiagnosticChanged" }) do
    vim.api.nvim_create_autocmd(event, { group = group, buffer = buf, callback = refresh })
  end
  refresh()
end

-- M.clients maps root folders to client ids, where Neovim does not do so itself.
M.clients = {}

local function start(opts, buf)
  local root = root_of(vim.api.nvim_buf_get_name(buf))
  local id = M.clients[root]
  if not id then
    local c = config(opts)
    c.root_dir = root
    c.workspace_folders = { { uri = vim.uri_from_fname(root), name = root } }
    c.on_exit = function()
      M.clients[root] = nil
    end
    c.on_attach = function(_, attached)
      attach(attached)
    end
    id = vim.lsp.start_client(c)
    M.clients[root] = id
  end
  vim.lsp.buf_attach_client(buf, id)
end

local function cancel()
  for id in pairs(jobs) do
    for _, client in pairs((vim.lsp.get_clients or vim.lsp.get_active_clients)()) do
      if client.name == "dagger-lsp" then
        client.request("workspace/executeCommand", { command = "cuellb.cancel", arguments = { { job = id } } }, function() end, 0)
      end
    end
  end
end

function M.setup(options)
  local opts = vim.tbl_extend("force", defaults, options or {})
  vim.lsp.commands["cuellb.run"] = asking(function() end)
  vim.lsp.commands["cuellb.plan"] = showing("plan")
  vim.lsp.commands["cuellb.graph"] = showing("graph")
  local command = vim.api.nvim_create_user_command
  command("DaggerLens", function() vim.lsp.codelens.run() end, {})
  command("DaggerCancel", cancel, {})
  local group = vim.api.nvim_create_augroup("dagger_lsp", { clear = true })
  vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, { -- 0.7 does not know CUE
    group = group,
    pattern = "*.cue",
    callback = function() vim.bo.filetype = "cue" end,
  })
  if vim.lsp.config and vim.lsp.enable then -- 0.11 and newer
    vim.lsp.config("dagger-lsp", config(opts))
    vim.lsp.enable("dagger-lsp")
    vim.api.nvim_create_autocmd("LspAttach", {
      group = group,
      callback = function(event)
        local client = vim.lsp.get_client_by_id(event.data.client_id)
        if client and client.name == "dagger-lsp" then
          attach(event.buf)
        end
      end,
    })
    return
  end
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    pattern = "cue",
    callback = function(event) start(opts, event.buf) end,
  })
end

return M
