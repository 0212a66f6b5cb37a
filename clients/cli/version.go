package main

import "github.com/ovation-live/ovation/internal/version"

type versionCommand struct{}

func (*versionCommand) Help() string {
	return `Examples:
  ovation version
  ovation version --json | jq -r .revision`
}

// Run prints the version.
func (*versionCommand) Run(app *app) error {
	if app.JSON {
		return app.printJSON(version.Of())
	}
	return app.print("%s", version.Of())
}
