package services

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// A schema that is lent again is as it was made, and nobody is at work in it any more.
func TestSchemasAreLentAgain(t *testing.T) {
	t.Parallel()
	url, made := SharedPostgres(t), 0
	schemas := NewSchemas(func(tb testing.TB, name string) {
		tb.Helper()
		made++
		Query(tb, url, "CREATE TABLE "+name+".head (latest int); INSERT INTO "+name+".head VALUES (7);"+
			"CREATE TABLE "+name+".entries (n serial)")
	})
	first, giveBack := schemas.Borrow(t)
	other, _ := schemas.Borrow(t)
	if first == other || made != 2 {
		t.Fatalf("%q and %q are lent at once, %d were made", first, other, made)
	}
	Query(t, url, "UPDATE "+first+".head SET latest = 8; INSERT INTO "+first+".entries DEFAULT VALUES")
	bin, err := postgresPrograms()
	if err != nil {
		t.Fatal(err)
	}
	late := make(chan struct{})
	go func() {
		defer close(late)

		session := exec.CommandContext(t.Context(), filepath.Join(bin, "psql"), "-X", "-q", "-c",
			"DELETE FROM "+first+".head; SELECT pg_sleep(3600)", url+"&application_name="+first)
		_ = session.Run() // it is ended
	}()
	for Query(t, url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != "1" {
		runtime.Gosched()
	}
	giveBack()
	<-late
	again, _ := schemas.Borrow(t)
	if again != first || made != 2 {
		t.Errorf("%q is lent, %d were made; want %q again", again, made, first)
	}
	Query(t, url, "INSERT INTO "+again+".entries DEFAULT VALUES")
	if got := Query(t, url, "SELECT latest || ' ' || n FROM "+again+".head, "+again+".entries"); got != "7 1" {
		t.Errorf("it holds %q", got)
	}
}
