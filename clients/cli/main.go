package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"connectrpc.com/connect"
	"github.com/alecthomas/kong"

	"github.com/ovation-live/ovation/internal/version"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// description heads the help text.
const description = `Works with an Ovation server from the terminal.

Without --token it mints one with the development secret, for the role that the command needs.

Exit codes: 0 all went well, 1 something failed, 2 called wrongly, whether this program saw it or the server (INVALID_ARGUMENT).`

// root is the whole command line.
type root struct {
	globals
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Room    roomCommand    `cmd:"" help:"Make, list, change and end rooms."`
	Tail    tailCommand    `cmd:"" help:"Print a room's messages as they come."`
	History historyCommand `cmd:"" help:"Print what was said in a room."`
	Send    sendCommand    `cmd:"" help:"Send a message."`
	Attr    attrCommand    `cmd:"" help:"Read, change and follow a room's attributes."`
	Mod     modCommand     `cmd:"" help:"Keep order: bans, mutes, kicks, protection and forbidden words."`
	Quiz    quizCommand    `cmd:"" help:"Host, play, audit and replay quizzes."`
	Gift    giftCommand    `cmd:"" help:"Put gifts up for sale, give them, and see what was given."`
	Wallet  walletCommand  `cmd:"" help:"Move coins in and out, and see where they are."`
	Audit   auditCommand   `cmd:"" help:"Prove that the books are right."`
	Events  eventsCommand  `cmd:"" help:"Follow what happens in all rooms, and send it to webhooks."`
	Visits  visitsCommand  `cmd:"" help:"Who watched, and for how long."`
	Token   tokenCommand   `cmd:"" help:"Mint a token."`
	Replay  replayCommand  `cmd:"" help:"Play a chat log into a room."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Watch   watchCommand   `cmd:"" help:"Fill a room with viewers and account for every message."`
	Doctor  doctorCommand  `cmd:"" help:"Check a deployment, and say what to change."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program but for the process around it. It returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	cli := &root{}
	answered := -1 // kong printed a help text and would have left with this code
	parser, err := kong.New(cli,
		kong.Name("ovation"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { answered = code }),
		kong.ValueFormatter(flagHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"default_user": defaultUser(), "version": version.Of().String(), "account_kinds": accountKinds},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		panic(err) // the struct above is wrong
	}
	command, err := parser.Parse(joinNegatives(helpFlag(args)))
	if answered >= 0 {
		return answered
	}
	if err != nil {
		return misused(stderr, belowZero(err, args))
	}
	app := &app{globals: cli.globals, stdin: stdin, stdout: stdout, stderr: stderr}
	defer app.close()
	err = command.Run(app)
	return exitCode(stderr, err, cli.Server)
}

// flagHelp is a flag's help with its default, where no placeholder shows that, and its
// environment variable.
func flagHelp(value *kong.Value) string {
	if value.Flag == nil || value.Default == "" || value.Tag.PlaceHolder == "" {
		return kong.DefaultHelpValueFormatter(value)
	}
	with := *value
	with.Help = strings.TrimSuffix(value.Help, ".") + " (default " + value.Default + ")."
	return kong.DefaultHelpValueFormatter(&with)
}

// helpFlag lets `ovation help tail` mean `ovation tail --help`.
func helpFlag(args []string) []string {
	if len(args) > 0 && args[0] == "help" {
		return append(append([]string{}, args[1:]...), "--help")
	}
	return args
}

// negative is a value that reads like a short flag: -5s.
var negative = regexp.MustCompile(`^-\.?\d`)

// joinNegatives makes --flag=-5s of --flag -5s, so that it is told what is wrong with the
// value.
func joinNegatives(args []string) []string {
	var joined []string
	for i, arg := range args {
		if arg == "--" {
			return append(joined, args[i:]...)
		}
		if last := len(joined) - 1; last >= 0 && negative.MatchString(arg) && strings.HasPrefix(joined[last], "--") && !strings.Contains(joined[last], "=") {
			joined[last] += "=" + arg
			continue
		}
		joined = append(joined, arg)
	}
	return joined
}

// belowZero says how to give a number below 0, where one was taken for flags.
func belowZero(err error, args []string) error {
	var parse *kong.ParseError
	at := slices.IndexFunc(args, negative.MatchString)
	if at < 0 || !errors.As(err, &parse) || !strings.HasPrefix(err.Error(), "unknown flag "+args[at][:2]) {
		return err
	}
	command := []string{"ovation"}
	for _, p := range parse.Context.Path {
		switch {
		case p.Command != nil:
			command = append(command, p.Command.Name)
		case p.Positional != nil:
			command = append(command, fmt.Sprint(parse.Context.Value(p)))
		}
	}
	return fmt.Errorf("%s reads like a flag: put -- before it, after all flags: `%s -- %[1]s`", args[at], strings.Join(command, " "))
}

// misused says what is wrong with the command line.
func misused(stderr io.Writer, err error) int {
	text := strings.ReplaceAll(err.Error(), `must be one of "",`, "must be one of ") // "": not given
	fmt.Fprintf(stderr, "ovation: %s\nTry --help: it works after every command.\n", text)
	return exitUsage
}

// usageError is a fault of the command line that shows only when running.
type usageError struct{ error }

// errReported is a failure that the output has already told of.
var errReported = errors.New("failed")

// exitCode tells of the error and returns its code.
func exitCode(stderr io.Writer, err error, server string) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &usage):
		return misused(stderr, usage)
	}
	fmt.Fprintf(stderr, "ovation: %s\n", explain(err, server))
	if connect.CodeOf(err) == connect.CodeInvalidArgument { // the server sees what is wrong, and the fault is the caller's
		return exitUsage
	}
	return exitFailed
}

// defaultUser is who one is without --user.
func defaultUser() string {
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	return "cli"
}
