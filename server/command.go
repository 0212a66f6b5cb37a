package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/ovation-live/ovation/internal/version"
	"github.com/ovation-live/ovation/server/config"
)

// commands is what the server can be asked for.
type commands struct {
	Flags flags `embed:""`

	File string `name:"config" placeholder:"FILE" help:"Configuration file (YAML): flags' names as keys, as in listen: localhost:8080. The environment wins over it, and flags over both."`

	Version kong.VersionFlag `env:"-" help:"Print the version."`

	Serve struct{} `cmd:"" default:"1" help:"Serve. Without a command, this is what is done."`

	MigrateTables struct{} `cmd:"" name:"migrate" help:"Make or change the tables in Postgres as this build needs them, and exit. Needs --postgres-url."`

	Settings struct {
		Check struct{} `cmd:"" help:"Say what is wrong with the configuration, all at once. Exit code 2 if something is."`
		Print struct{} `cmd:"" help:"Print the configuration, and where each value is from, as a file for --config. Secrets are left out."`
	} `cmd:"" name:"config" help:"Check or print the configuration."`
}

// flags is the configuration without its methods: kong would call Validate, and stop there.
type flags config.Config

// request is what was asked for.
type request struct {
	command  string
	config   config.Config
	settings *config.Settings
}

// newParser returns a parser of the commands.
func newParser(settings *config.Settings, options ...kong.Option) (*commands, *kong.Kong) {
	parsed := new(commands)
	parser, err := kong.New(parsed, append([]kong.Option{
		kong.Name("server"),
		kong.Description("Ovation: a live-room server. Started without flags it serves a demo room on localhost." +
			" Every flag can be set in the environment too: --log-level as OVATION_LOG_LEVEL; and in a file."),
		kong.Vars{"version": version.Of().String()},
		kong.DefaultEnvars("OVATION"),
		kong.UsageOnError(),
		kong.Resolvers(settings),
		kong.Help(help),
	}, options...)...)
	if err != nil {
		panic(err) // the struct's tags are wrong
	}
	return parsed, parser
}

// parse reads file, environment and flags. With done there is nothing to run.
func parse(args []string, stdout, stderr io.Writer) (asked request, code int, done bool) {
	asked.settings = new(config.Settings)
	parsed, parser := newParser(asked.settings, kong.Writers(stdout, stderr),
		kong.Exit(func(status int) { code, done = status, true }))
	asked.settings.Read(parser, args)
	parsing, err := parser.Parse(args)
	if done { // --help, --version
		return asked, code, true
	}
	if err != nil {
		err = errors.Join(err, asked.settings.Faults())
	} else {
		asked.command = parsing.Command()
		given := config.Config(parsed.Flags)
		given.MigrateOnly = asked.command == "migrate"
		asked.config, err = asked.settings.Complete(given)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "ovation: %v\nTry --help.\n", err)
		return asked, exitUsage, true
	}
	return asked, exitOK, false
}

// migrates is the flags that matter to migrate, of all that it takes.
var migrates = map[string]bool{
	"help": true, "version": true, "config": true, "log-format": true, "log-level": true,
	"postgres-url": true, "postgres-migrate-url": true, "postgres-exec-mode": true,
}

// help prints help: of migrate the flags that matter to it alone, though it takes the others
// too, for they may stand in the file and the environment that it shares with the nodes.
func help(options kong.HelpOptions, parsing *kong.Context) error {
	if parsing.Selected() != nil && parsing.Selected().Name == "migrate" {
		for _, flag := range parsing.Model.Flags {
			flag.Hidden = flag.Hidden || !migrates[flag.Name]
		}
	}
	return kong.DefaultHelpPrinter(options, parsing)
}
