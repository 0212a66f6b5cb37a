package postgres

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// migrated opens a store on a database of its own.
func migrated(t *testing.T, c Config) *Store {
	t.Helper()
	c.URL, c.Timeout = services.NewDatabase(t), time.Minute
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Every statement is one that Postgres understands, and that somebody sends.
func TestStatementsAreSound(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{})
	var code strings.Builder
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(b)
	}
	conn, err := pgx.ConnectConfig(t.Context(), s.migrate)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for name, text := range statements {
		if _, err := conn.Prepare(t.Context(), "", text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(code.String(), `"`+name+`"`) {
			t.Errorf("nobody sends %q", name)
		}
	}
}

func TestUnknownStatementPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it did not")
		}
	}()
	statement("no such statement")
}

// Text comes back as it was, keeps its order, and is what Postgres takes.
func TestTextIsPacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, packs)
}

func FuzzPack(f *testing.F) { f.Fuzz(rapid.MakeFuzz(packs)) }

func packs(t *rapid.T) {
	text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune{0, 1, 2})))
	a, b := text.Draw(t, "a"), text.Draw(t, "b")
	if got := unpack[string](pack(a)); got != a {
		t.Fatalf("%q came back as %q", a, got)
	}
	if strings.Contains(pack(a), "\x00") {
		t.Fatalf("%q is packed as %q", a, pack(a))
	}
	if strings.Compare(a, b) != strings.Compare(pack(a), pack(b)) {
		t.Fatalf("%q and %q change their order", a, b)
	}
}

// Whatever is in the columns, reading it is an error at worst; what was written comes back.
func FuzzRoomRow(f *testing.F) {
	settings, labels, err := documents(room.Room{
		Settings: room.DefaultSettings(), Labels: map[string]string{"a \x00": "b \x01"},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(settings, labels)
	f.Add(`{"later": 1}`, `{"a": null}`)
	f.Add(`[]`, `{"a": {}}`)
	f.Fuzz(func(t *testing.T, settings, labels string) {
		row := roomRow{id: "r", settings: []byte(settings), labels: []byte(labels)}
		r, err := row.room()
		if err != nil {
			return
		}
		if row.settings, row.labels, err = bytesOf(r); err != nil {
			t.Fatal(err)
		}
		if again, err := row.room(); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%+v, %v\nwant %+v", again, err, r)
		}
	})
}

// bytesOf returns a room's columns.
func bytesOf(r room.Room) (settings, labels []byte, err error) {
	s, l, err := documents(r)
	return []byte(s), []byte(l), err
}

// sqlstate returns an error of the server.
func sqlstate(code string) error { return &pgconn.PgError{Code: code, Message: "m"} }

func TestErrorsByState(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]struct{ unavailable, again bool }{
		"23505": {true, true}, // when it does not end
		"40001": {true, true},
		"40P01": {true, true},
		"0A000": {true, true},
		"08006": {true, false},
		"08P01": {true, false},
		"25006": {true, false},
		"25P03": {true, false},
		"28P01": {true, false},
		"3D000": {true, false},
		"53300": {true, false},
		"53100": {true, false},
		"55P03": {true, false},
		"57014": {true, false},
		"57P01": {true, false},
		"57P03": {true, false},
		"58030": {true, false},
		"22021": {false, false},
		"23502": {false, false},
		"42P01": {false, false},
		"42703": {false, false},
		"42501": {false, false},
		"26000": {false, false},
		"42P05": {false, false},
		"XX000": {false, false},
	} {
		err := sqlstate(code)
		if got := translate(err); errors.Is(got, store.ErrUnavailable) != want.unavailable || !errors.Is(got, err) {
			t.Errorf("%s: %v", code, got)
		}
		if again(err) != want.again {
			t.Errorf("%s: again %v", code, !want.again)
		}
	}
	for code, want := range map[string]string{"42P01": "migrate", "42703": "migrate", "26000": "exec mode", "42P05": "exec mode"} {
		if err := translate(sqlstate(code)); !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", code, err, want)
		}
	}
	if err := translate(io.ErrUnexpectedEOF); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a connection that broke: %v", err)
	}
	if err := translate(refuse(store.ErrRoomEnded)); err != store.ErrRoomEnded { //nolint:errorlint // nothing around it
		t.Errorf("an answer: %v", err)
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":                      {nil, false},
		"an answer":                    {refuse(store.ErrRoomEnded), false},
		"no rows":                      {&undone{pgx.ErrNoRows}, false},
		"a connection that broke":      {io.ErrUnexpectedEOF, false},
		"one that was broken before":   {&undone{io.ErrUnexpectedEOF}, true},
		"a server that shut down":      {sqlstate("57P01"), false},
		"before anything was done":     {&undone{sqlstate("57P01")}, true},
		"a server that is starting":    {&undone{sqlstate("57P03")}, false},
		"too many connections":         {&undone{sqlstate("53300")}, false},
		"a connection that is refused": {&undone{sqlstate("08006")}, true},
	} {
		if got := again(tt.err); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A transaction that met another is made again, and not for ever.
func TestTransactionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{})
	for _, code := range []string{"40001", "40P01", "23505"} {
		for _, failures := range []int{1, attempts - 1, attempts} {
			calls := 0
			err := s.change(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				if calls++; calls > failures {
					return nil
				}
				_, err := tx.Exec(ctx, "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '"+code+"'; END $$")
				return err
			})
			if failed := failures == attempts; failed != errors.Is(err, store.ErrUnavailable) || !failed && err != nil {
				t.Errorf("%s, %d times: %v after %d calls", code, failures, err, calls)
			}
		}
	}
	calls := 0
	err := s.change(t.Context(), func(context.Context, pgx.Tx) error { calls++; return refuse(store.ErrRoomEnded) })
	if !errors.Is(err, store.ErrRoomEnded) || calls != 1 {
		t.Errorf("an answer: %v after %d calls", err, calls)
	}
}

// A connection to what is the primary no more is given up: the next is to the one that is.
func TestStandbyIsLeft(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{MaxConns: 1})
	if _, err := s.pool.Exec(t.Context(), "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"); err != nil {
		t.Fatal(err)
	}
	r := room.Room{ID: "r", Settings: room.DefaultSettings()}
	if _, err := s.CreateRoom(t.Context(), r, "request"); !errors.Is(err, store.ErrUnavailable) || state(err) != readOnly {
		t.Errorf("%v, want ErrUnavailable", err)
	}
	if _, err := s.CreateRoom(t.Context(), r, "request"); err != nil {
		t.Errorf("on another connection: %v", err)
	}
}

// Where connections are pooled by transaction, what was prepared is gone with each.
func TestModesThatPrepareNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range []ExecMode{Exec, SimpleProtocol} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := migrated(t, Config{ExecMode: mode, MaxConns: 1})
			for name, err := range everything(t, s) {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	t.Run("one that does", func(t *testing.T) {
		t.Parallel()
		s := migrated(t, Config{MaxConns: 1})
		event := []store.Event{{ID: "e", Room: "r", Kind: 1}}
		if err := s.AppendEvents(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		discard(t, s)
		err := s.AppendEvents(t.Context(), event)
		if err == nil || !strings.Contains(err.Error(), "exec mode") {
			t.Errorf("%v, want that the exec mode is wrong", err)
		}
	})
}

// discard makes of the store's one connection what a pooler hands out next.
func discard(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), "DISCARD ALL"); err != nil {
		t.Fatal(err)
	}
}

// everything calls every method, each on a connection that knows nothing.
func everything(t *testing.T, s *Store) map[string]error {
	t.Helper()
	errs := make(map[string]error)
	note := func(name string, err error) { errs[name] = err; discard(t, s) }
	_, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, "request")
	note("CreateRoom", err)
	_, err = s.Room(t.Context(), "r")
	note("Room", err)
	_, err = s.Rooms(t.Context(), store.RoomQuery{State: room.Live, Limit: 1})
	note("Rooms", err)
	_, err = s.UpdateRoom(t.Context(), "r", room.Change{Labels: map[string]string{"a": "b"}})
	note("UpdateRoom", err)
	order := moderation.Order{Kind: moderation.Ban, Room: "r", User: "ann", By: "host"}
	_, _, err = s.ApplySanction(t.Context(), store.SanctionOrder{Order: order, RequestID: "request"})
	note("ApplySanction", err)
	_, err = s.LiftSanction(t.Context(), store.SanctionLift{Kind: moderation.Ban, Room: "r", User: "ann"})
	note("LiftSanction", err)
	query := moderation.Query{Kinds: []moderation.Kind{moderation.Ban}, Past: true, Limit: 1}
	_, err = s.Sanctions(t.Context(), store.SanctionQuery{Room: "r", Query: query})
	note("Sanctions", err)
	_, err = s.Acting(t.Context(), "r")
	note("Acting", err)
	_, err = s.PutWords(t.Context(), "r", words.Change{List: "l", Words: []words.Word{{Text: "a"}}})
	note("PutWords", err)
	_, _, err = s.AllWords(t.Context(), "r")
	note("AllWords", err)
	to := feed.Cursor{Epoch: "e", At: [feed.Buckets]feed.Place{{Timestamp: 10, Sequence: 2}}}
	messages := []*feed.Message{{Timestamp: 9, Sequence: 1}, {Timestamp: 10, Sequence: 2, Recalls: 9}}
	_, err = s.Archive(t.Context(), "r", feed.Cursor{Epoch: "e"}, to, messages)
	note("Archive", err)
	_, err = s.History(t.Context(), "r", 0, 0, 10)
	note("History", err)
	_, err = s.EndRoom(t.Context(), "r")
	note("EndRoom", err)
	err = s.AppendEvents(t.Context(), []store.Event{{ID: "a", Room: "r", Kind: 5, Payload: []byte{0}}, {ID: "b"}})
	note("AppendEvents", err)
	_, err = s.Events(t.Context(), store.EventQuery{EventFilter: store.EventFilter{Rooms: []live.RoomID{"r"}, Kinds: []store.EventKind{5}}, Limit: 10})
	note("Events", err)
	everythingOfConsumers(t, s, note)
	_, err = s.PruneEvents(t.Context(), time.Hour, 10)
	note("PruneEvents", err)
	_, err = s.Owed(t.Context(), 10)
	note("Owed", err)
	_, err = s.Prune(t.Context())
	note("Prune", err)
	_, err = s.Version(t.Context())
	note("Version", err)
	return errs
}

// everythingOfConsumers calls every method of Consumers and Webhooks.
func everythingOfConsumers(t *testing.T, s *Store, note func(string, error)) {
	t.Helper()
	_, err := s.OpenConsumer(t.Context(), store.ConsumerOpening{
		Name: "consumer", Owner: "o", EventFilter: store.EventFilter{Rooms: []live.RoomID{"r"}, Kinds: []store.EventKind{9}},
	})
	note("OpenConsumer", err)
	_, err = s.KeepConsumer(t.Context(), "consumer", "o", time.Hour, 1)
	note("KeepConsumer", err)
	_, err = s.AcknowledgeEvents(t.Context(), "consumer", 1)
	note("AcknowledgeEvents", err)
	_, err = s.PutWebhook(t.Context(), "hook", store.Webhook{URL: "http://h", Secret: "s"}, store.StartEarliest)
	note("PutWebhook", err)
	claimed, err := s.ClaimWebhooks(t.Context(), "n", 1, time.Hour)
	note("ClaimWebhooks", err)
	held := []store.Delivery{{Event: store.Event{Position: 1, Payload: []byte{0}}}}
	err = s.SettleDeliveries(t.Context(), store.Settlement{
		Name: "hook", Node: "n", Revision: claimed[0].Revision, Read: 2, Held: held, Dead: held, Done: []store.EventPosition{2},
	})
	note("SettleDeliveries", err)
	_, err = s.HeldDeliveries(t.Context(), "hook")
	note("HeldDeliveries", err)
	_, err = s.DeadLetters(t.Context(), "", 0, 10)
	note("DeadLetters", err)
	_, err = s.RetryDeadLetters(t.Context(), []int64{1})
	note("RetryDeadLetters", err)
	_, err = s.PruneDeadLetters(t.Context(), 0, 10)
	note("PruneDeadLetters", err)
	_, err = s.EventConsumers(t.Context(), "", 10)
	note("EventConsumers", err)
	note("DeleteConsumer", s.DeleteConsumer(t.Context(), "hook"))
	_, err = s.EventConsumer(t.Context(), "consumer")
	note("EventConsumer", err)
}

// benchmarks write to a store on a database of its own.
func benchmarked(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), Config{URL: services.NewDatabase(b), Timeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	if _, err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := s.CreateRoom(b.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkCreateRoom(b *testing.B) {
	s := benchmarked(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		r := room.Room{ID: live.RoomID("room " + time.Duration(n).String()), Settings: room.DefaultSettings()}
		if _, err := s.CreateRoom(b.Context(), r, string(r.ID)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApplySanction(b *testing.B) {
	s := benchmarked(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		user := live.UserID(time.Duration(n % 1000).String())
		o := moderation.Order{Kind: moderation.Mute, Room: "r", User: user, By: "host", For: time.Hour}
		if _, _, err := s.ApplySanction(b.Context(), store.SanctionOrder{Order: o}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkArchive archives 1,000 messages at a time.
func BenchmarkArchive(b *testing.B) {
	s := benchmarked(b)
	messages := make([]*feed.Message, 1000)
	from := feed.Cursor{Epoch: "e"}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		place := from.At[feed.Low]
		for i := range messages {
			place.Timestamp++
			place.Sequence++
			messages[i] = &feed.Message{
				Timestamp: place.Timestamp, Sequence: place.Sequence, Bucket: feed.Low,
				Content: feed.Content{Kind: feed.KindText, Sender: "ann", Text: "A text of the length that most are of."},
			}
		}
		to := from
		to.At[feed.Low] = place
		b.StartTimer()
		if moved, err := s.Archive(b.Context(), "r", from, to, messages); err != nil || !moved {
			b.Fatal(moved, err)
		}
		from = to
	}
	b.ReportMetric(float64(len(messages)*b.N)/b.Elapsed().Seconds(), "messages/s")
}
