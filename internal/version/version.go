// Package version says which build of Ovation a program is.
package version

import "runtime/debug"

// Development is the version of a build that has none.
const Development = "development"

// Info is what a program knows about its build.
type Info struct {
	// Version is the module's, or Development.
	Version string `json:"version"`
	// Revision is the commit it was built from; empty if the build does not say.
	Revision string `json:"revision"`
	// Modified says that there were changes beyond the commit.
	Modified bool `json:"modified"`
	// Go is the version of Go it was built with.
	Go string `json:"go"`
}

// Of returns the info of the running program.
func Of() Info {
	build, _ := debug.ReadBuildInfo() // nil: not built from a module
	return from(build)
}

// from reads what a build says about itself.
func from(build *debug.BuildInfo) Info {
	info := Info{Version: Development}
	if build == nil {
		return info
	}
	info.Go = build.GoVersion
	if v := build.Main.Version; v != "" && v != "(devel)" {
		info.Version = v
	}
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Revision = setting.Value
		case "vcs.modified":
			info.Modified = setting.Value == "true"
		}
	}
	return info
}

// String is the info in one line.
func (i Info) String() string {
	text := "ovation " + i.Version
	if i.Revision != "" {
		text += ", revision " + i.Revision
	}
	if i.Modified {
		text += " with changes"
	}
	if i.Go != "" {
		text += ", " + i.Go
	}
	return text
}
