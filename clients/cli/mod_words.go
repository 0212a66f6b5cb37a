package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	"github.com/ovation-live/ovation/clients/cli/internal/wordfile"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

const (
	// wordsPerCall is how many words go in one call at most.
	wordsPerCall = 5_000
	// wordsPage is how many words are asked for at a time.
	wordsPage = 5_000
	// wordTries is how often a call of many is made that the server could not take.
	wordTries = 5
	// maxFaults is how many faulty lines are told of.
	maxFaults = 20
)

// modWordsCommand is the commands about forbidden words.
type modWordsCommand struct {
	Put    wordsPutCommand    `cmd:"" help:"Put words on a list."`
	Remove wordsRemoveCommand `cmd:"" help:"Take words off a list."`
	Clear  wordsClearCommand  `cmd:"" help:"Take everything off a list: it is gone."`
	List   wordsListCommand   `cmd:"" help:"Print the words of a list, or the lists there are."`
}

// wordFlags say which words a command is about.
type wordFlags struct {
	List         string   `arg:"" help:"The list's name."`
	Files        []string `arg:"" optional:"" name:"file" help:"Files of words, one a line; - is standard input."`
	Word         []string `help:"A word or phrase; may be repeated." sep:"none" placeholder:"TEXT"`
	SkipUnusable bool     `help:"Leave out lines that are no words, instead of refusing the file."`
	NoProgress   bool     `help:"Show no progress."`
}

// wordFiles says what such files look like.
const wordFiles = `A file has one word or phrase a line; blank lines and those that begin with # are passed over. A word is of at most 128 bytes and has at least one letter or digit. If a line is none, it is told with its number and nothing is sent, unless --skip-unusable is given.`

type wordsPutCommand struct {
	wordFlags
	Action  string `help:"What happens to a message with such a word: mask (asterisks instead of it), refuse." enum:"mask,refuse" default:"mask" placeholder:"ACTION"`
	Match   string `help:"Where a word is found: whole (not inside other words), anywhere, auto (whole for Latin, Cyrillic, Greek and the like)." enum:"auto,whole,anywhere" default:"auto" placeholder:"WHERE"`
	Replace bool   `help:"What is on the list already goes."`
	placeFlags
	hostFlags
}

func (*wordsPutCommand) Help() string {
	return wordFiles + `

Words on the list already get the new action and match. Words are found whatever their case and width, with letters repeated or spaces and punctuation between them.

More than 5,000 words go in several calls, one after the other. With --replace the first of them empties the list: until the last one is through, only those that have arrived act; and if it breaks off, the list holds what was sent before. Run the same command again then.

Examples:
  ovation mod words put insults words.txt --room demo --action refuse
  ovation mod words put ads ads-en.txt ads-zh.txt --every-room --replace
  ovation mod words put names --word "real name" --room demo --match anywhere
  curl -s https://example.com/words.txt | ovation mod words put remote - --every-room --replace`
}

// Run puts the words.
func (c *wordsPutCommand) Run(ctx context.Context, app *app) error {
	words, err := c.read(app)
	if err != nil {
		return err
	}
	for _, word := range words {
		word.Action = ovationv1.WordAction(ovationv1.WordAction_value["WORD_ACTION_"+strings.ToUpper(c.Action)])
		word.Match = ovationv1.WordMatch(ovationv1.WordMatch_value["WORD_MATCH_"+strings.ToUpper(c.Match)])
	}
	first := ovationv1.PutWordsMode_PUT_WORDS_MODE_ADD
	if c.Replace {
		first = ovationv1.PutWordsMode_PUT_WORDS_MODE_REPLACE
	}
	put := wordsUpload{app: app, actor: actorFlags(c.hostFlags), place: c.placeFlags, list: c.List, silent: c.NoProgress}
	return put.send(ctx, words, first, ovationv1.PutWordsMode_PUT_WORDS_MODE_ADD)
}

type wordsRemoveCommand struct {
	wordFlags
	placeFlags
	hostFlags
}

func (*wordsRemoveCommand) Help() string {
	return wordFiles + `

Examples:
  ovation mod words remove insults --word scunthorpe --room demo
  ovation mod words remove ads no-ads.txt --every-room`
}

// Run removes the words.
func (c *wordsRemoveCommand) Run(ctx context.Context, app *app) error {
	words, err := c.read(app)
	if err != nil {
		return err
	}
	const remove = ovationv1.PutWordsMode_PUT_WORDS_MODE_REMOVE
	put := wordsUpload{app: app, actor: actorFlags(c.hostFlags), place: c.placeFlags, list: c.List, silent: c.NoProgress}
	return put.send(ctx, words, remove, remove)
}

type wordsClearCommand struct {
	List string `arg:"" help:"The list's name."`
	placeFlags
	hostFlags
}

func (*wordsClearCommand) Help() string {
	return `Example:
  ovation mod words clear ads --every-room`
}

// Run empties the list.
func (c *wordsClearCommand) Run(ctx context.Context, app *app) error {
	const replace = ovationv1.PutWordsMode_PUT_WORDS_MODE_REPLACE
	put := wordsUpload{app: app, actor: actorFlags(c.hostFlags), place: c.placeFlags, list: c.List, silent: true}
	return put.send(ctx, nil, replace, replace)
}

type wordsListCommand struct {
	List string `arg:"" optional:"" help:"The list's name; without it the lists themselves."`
	placeFlags
	actorFlags
}

func (*wordsListCommand) Help() string {
	return `Examples:
  ovation mod words list --room demo
  ovation mod words list ads --every-room --json | jq -r .text`
}

// Run lists all pages.
func (c *wordsListCommand) Run(ctx context.Context, app *app) error {
	request := &ovationv1.ListWordsRequest{RoomId: c.Room, ListId: c.List, PageSize: wordsPage}
	words, nothing := listing{app: app, header: wordHeader}, "there is no such list, or nothing is on it"
	if c.List == "" {
		words.header, nothing = wordListHeader, "there are no lists for "+c.where()
	}
	return words.run(nothing, func(token string) (string, error) {
		request.PageToken = token
		response, err := callModeration(ctx, app, c.actorFlags, moderationService.ListWords, request)
		if err != nil {
			return "", err
		}
		if err := show(&words, response.GetLists(), wordListText); err != nil {
			return "", err
		}
		return response.GetNextPageToken(), show(&words, response.GetWords(), wordText)
	})
}

// The columns of words and of lists, and what they are called.
const (
	wordLine     = "%-8s  %-8s  %s"
	wordListLine = "%-24s  %8s  %-19s  %s"
)

var (
	wordHeader     = fmt.Sprintf(wordLine, "ACTION", "MATCH", "WORD")
	wordListHeader = fmt.Sprintf(wordListLine, "LIST", "WORDS", "CHANGED", "ROOM")
)

// wordText is a word in one line.
func wordText(w *ovationv1.Word) string {
	match := "auto"
	if w.GetMatch() != ovationv1.WordMatch_WORD_MATCH_UNSPECIFIED {
		match = short(w.GetMatch(), "WORD_MATCH_")
	}
	return fmt.Sprintf(wordLine, short(w.GetAction(), "WORD_ACTION_"), match, terminal.Escape(w.GetText()))
}

// wordListText is a list in one line.
func wordListText(l *ovationv1.WordList) string {
	return fmt.Sprintf(wordListLine, terminal.Escape(l.GetListId()), figures.Count(l.GetWords()), second(l.GetChangedAt()),
		orElse(terminal.Escape(l.GetRoomId()), "every room"))
}

// read reads all the words, each once, in order.
func (f *wordFlags) read(app *app) ([]*ovationv1.Word, error) {
	if len(f.Files) == 0 && len(f.Word) == 0 {
		return nil, usageError{errors.New("no words: give a file of them, - for standard input, or --word")}
	}
	read := wordsRead{app: app, known: map[string]bool{}}
	for _, word := range f.Word {
		word = strings.TrimSpace(word)
		if err := wordfile.Check(word); err != nil {
			return nil, usageError{fmt.Errorf("--word %q: %w", word, err)}
		}
		read.add(word)
	}
	for _, name := range f.Files {
		if err := read.file(name); err != nil {
			return nil, err
		}
	}
	switch {
	case read.faults > 0 && !f.SkipUnusable:
		return nil, usageError{fmt.Errorf("%s no words, and nothing was sent: correct them, or leave them out with --skip-unusable", wereLines(read.faults))}
	case len(read.words) == 0:
		return nil, usageError{errors.New("the files have no words: `ovation mod words clear` empties a list")}
	}
	return read.words, nil
}

// wereLines begins a sentence about lines.
func wereLines(n int) string {
	if n == 1 {
		return "1 line is"
	}
	return figures.Count(n) + " lines are"
}

// wordsRead is what was read of some files.
type wordsRead struct {
	app    *app
	words  []*ovationv1.Word
	known  map[string]bool
	faults int
}

// add takes a word, once.
func (r *wordsRead) add(word string) {
	if !r.known[word] {
		r.known[word] = true
		r.words = append(r.words, &ovationv1.Word{Text: word})
	}
}

// file reads a file through, and tells of lines that are no words.
func (r *wordsRead) file(name string) error {
	source := r.app.stdin
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // whoever runs the program names it
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // only read
		source = file
	}
	reader := wordfile.NewReader(source)
	for {
		word, err := reader.Next()
		var malformed *wordfile.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &malformed):
			r.fault(name, malformed)
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		default:
			r.add(word)
		}
	}
}

// fault tells of a line, unless there were too many.
func (r *wordsRead) fault(name string, err *wordfile.MalformedError) {
	r.faults++
	switch {
	case r.faults <= maxFaults:
		r.app.note("%s: %s", terminal.Escape(name), terminal.Escape(err.Error()))
	case r.faults == maxFaults+1:
		r.app.note("further lines that are no words are not told of")
	}
}

// wordsUpload sends words to a list, as many calls as it takes.
type wordsUpload struct {
	app    *app
	actor  actorFlags
	place  placeFlags
	list   string
	silent bool

	sent atomic.Int64
}

// send makes the calls, the first in a mode of its own, and prints the list.
func (u *wordsUpload) send(ctx context.Context, words []*ovationv1.Word, first, others ovationv1.PutWordsMode) error {
	stop := u.showProgress(len(words))
	list, err := u.calls(ctx, words, first, others)
	stop()
	if err != nil {
		u.tellBroken(len(words), err)
		return err
	}
	return u.app.printDone(list, "list %s of %s has %s, revision %d",
		terminal.Escape(list.GetListId()), u.place.where(), figures.Plural(list.GetWords(), "word"), list.GetRevision())
}

// tellBroken tells how far it came, and that the same command may come further, unless
// there are too many words.
func (u *wordsUpload) tellBroken(total int, err error) {
	sent := u.sent.Load()
	if sent == 0 {
		return
	}
	advice := ": run the command again"
	if ovation.Reason(err) == ovationv1.ErrorReason_ERROR_REASON_WORD_LIMIT {
		advice = ""
	}
	u.app.note("it broke off after %s of %s%s", figures.Count(sent), figures.Plural(total, "word"), advice)
}

// calls makes them and returns the list as it is then.
func (u *wordsUpload) calls(ctx context.Context, words []*ovationv1.Word, mode, others ovationv1.PutWordsMode) (*ovationv1.WordList, error) {
	for {
		part := words[:min(len(words), wordsPerCall)]
		response, err := u.call(ctx, &ovationv1.PutWordsRequest{RoomId: u.place.Room, ListId: u.list, Mode: mode, Words: part})
		if err != nil {
			return nil, err
		}
		u.sent.Add(int64(len(part)))
		if words = words[len(part):]; len(words) == 0 {
			return response.GetList(), nil
		}
		mode = others
	}
}

// call makes one call, which may be repeated safely, until the server has had a few
// chances to take it: half a list is worse than a wait.
func (u *wordsUpload) call(ctx context.Context, request *ovationv1.PutWordsRequest) (*ovationv1.PutWordsResponse, error) {
	for try := 1; ; try++ {
		response, err := callModeration(ctx, u.app, u.actor, moderationService.PutWords, request)
		if err == nil || try == wordTries || !passes(err) {
			return response, err
		}
		after, _ := ovation.RetryAfter(err)
		if !pace.Sleep(ctx, max(after, time.Duration(try)*100*time.Millisecond)) {
			return nil, err
		}
	}
}

// passes says whether the same call may succeed later.
func passes(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable:
		return true
	case connect.CodeResourceExhausted:
		_, told := ovation.RetryAfter(err)
		return told
	default:
		return false
	}
}

// showProgress shows how far it is, where that takes more than one call, until the
// returned function is called.
func (u *wordsUpload) showProgress(total int) func() {
	if u.silent || total <= wordsPerCall {
		return func() {}
	}
	return progress.Start(u.app.stderr, isTerminal(u.app.stderr), func() progress.Status {
		sent := u.sent.Load()
		return progress.Status{
			Done: sent, Total: int64(total),
			Text: fmt.Sprintf("%s of %s words", figures.Count(sent), figures.Count(total)),
		}
	})
}
