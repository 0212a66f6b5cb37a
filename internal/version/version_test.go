package version

import (
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestString(t *testing.T) {
	t.Parallel()
	for want, build := range map[string]*debug.BuildInfo{
		"ovation development":          nil,
		"ovation development, go1.25":  {GoVersion: "go1.25", Main: debug.Module{Version: "(devel)"}},
		"ovation v1.2.3, go1.25":       {GoVersion: "go1.25", Main: debug.Module{Version: "v1.2.3"}},
		"ovation v1, revision abc, go": {GoVersion: "go", Main: debug.Module{Version: "v1"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}},
		"ovation v1, revision abc with changes, go": {
			GoVersion: "go", Main: debug.Module{Version: "v1"},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
		},
	} {
		if got := from(build).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if Of().Go == "" {
		t.Error("the test does not know its own build")
	}
}
