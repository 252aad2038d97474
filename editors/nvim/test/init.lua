-- What a user writes, with the paths of the test.
vim.opt.runtimepath:append(vim.env.DAGGER_TEST_RUNTIME)
require("dagger_lsp").setup({ cmd = { vim.env.DAGGER_TEST_SERVER, "--offline", "--stdio" } })
