package rival

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"
)

func TestReadersGetEverythingInOrder(t *testing.T) {
	t.Parallel()
	var l Log
	l.Publish([]byte("before anyone was there"))
	r := l.Join()
	defer r.Leave()
	if got := r.Take(nil); len(got) != 0 {
		t.Errorf("at first there is %q", got)
	}
	l.Publish([]byte("a"))
	l.Publish([]byte("b"))
	<-r.Bell
	if got := bytes.Join(r.Take(nil), nil); string(got) != "ab" {
		t.Errorf("took %q", got)
	}
	l.Publish([]byte("c"))
	<-r.Bell
	if got := bytes.Join(r.Take(nil), nil); string(got) != "c" {
		t.Errorf("then %q", got)
	}
}

// Who is too late loses the oldest, and nothing else.
func TestLateReader(t *testing.T) {
	t.Parallel()
	var l Log
	r := l.Join()
	for n := range kept + 10 {
		l.Publish(Order{Bytes: 8, Messages: 1}.frame(n))
	}
	got := r.Take(nil)
	if len(got) != kept || !bytes.Equal(got[0], Order{Bytes: 8, Messages: 1}.frame(10)) {
		t.Errorf("%d frames, the first %q", len(got), got[0])
	}
	r.Leave()
	if len(l.readers) != 0 {
		t.Error("it has not left")
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	var sizes []int
	publish := publisher(func(frame []byte) { sizes = append(sizes, len(frame)) })
	answer := httptest.NewRecorder()
	publish.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "POST", "/publish?frames=3&rate=10000&bytes=10&messages=2", nil))
	var done Published
	if err := json.Unmarshal(answer.Body.Bytes(), &done); err != nil || done != (Published{Frames: 3, Messages: 6}) {
		t.Errorf("%+v, %v", done, err)
	}
	if len(sizes) != 3 || sizes[0] != 20 {
		t.Errorf("frames of %v bytes", sizes)
	}
}

func TestOrdersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	publish := publisher(func([]byte) { t.Error("published") })
	for _, query := range []string{"", "?frames=0&rate=1&bytes=1&messages=1", "?frames=1&rate=x&bytes=1&messages=1", "?frames=1&rate=1&bytes=-1&messages=1"} {
		answer := httptest.NewRecorder()
		publish.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "POST", "/publish"+query, nil))
		if answer.Code != 400 {
			t.Errorf("%q: %d", query, answer.Code)
		}
	}
}
