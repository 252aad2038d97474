package lsp

// features lists everything an editor can ask for or tell, by file.
func features() []feature {
	return []feature{
		initializeFeature(),
		initializedFeature(),
		shutdownFeature(),
		exitFeature(),
		cancelRequestFeature(),
		setTraceFeature(),
		didOpenFeature(),
		didChangeFeature(),
		didSaveFeature(),
		didCloseFeature(),
		foldersFeature(),
		configurationFeature(),
		watchedFilesFeature(),
		documentSymbolFeature(),
		codeLensFeature(),
		codeActionFeature(),
		hoverFeature(),
		executeCommandFeature(),
		progressCancelFeature(),
		settledFeature(),
	}
}
