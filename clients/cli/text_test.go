package main

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// encoded returns a message encoded.
func encoded(m proto.Message) []byte {
	data, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return data
}

func TestContents(t *testing.T) {
	t.Parallel()
	tests := map[string]*ovationv1.Message{
		"hi":                        {Kind: ovationv1.MessageKind_MESSAGE_KIND_TEXT, Text: "hi"},
		`hi\x1b]0;x\x07`:            {Kind: ovationv1.MessageKind_MESSAGE_KIND_TEXT, Text: "hi\x1b]0;x\x07"},
		`[gift] {"a":"\x9b"}`:       {Kind: ovationv1.MessageKind_MESSAGE_KIND_GIFT, Payload: []byte("{\"a\":\"\u009b\"}")},
		`[image] (1 bytes of a\nb)`: {Kind: ovationv1.MessageKind_MESSAGE_KIND_IMAGE, Payload: []byte("\xff"), ContentType: "a\nb"},
		`[gift] 1,000 × A \x1brose for ann, combo of 1,001`: {
			Kind: ovationv1.MessageKind_MESSAGE_KIND_GIFT, ContentType: giftType,
			Payload: encoded(&ovationv1.GiftMessage{Name: "A \x1brose", Count: 1000, ReceiverId: "ann", ComboCount: 1001}),
		},
		"[like]":     {Kind: ovationv1.MessageKind_MESSAGE_KIND_LIKE},
		"(recalled)": {Kind: ovationv1.MessageKind_MESSAGE_KIND_TEXT, Recalled: true},
		"(recalls the message of " + clock(5) + ")": {Kind: ovationv1.MessageKind_MESSAGE_KIND_SYSTEM, Recalls: 5},
	}
	for want, message := range tests {
		if got := contents(message); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMessageLineNamesTheSender(t *testing.T) {
	t.Parallel()
	for want, message := range map[string]*ovationv1.Message{
		`Ann\x1b: `: {SenderId: "ann", SenderName: "Ann\x1b"},
		"ann: ":     {SenderId: "ann"},
		"-: ":       {},
	} {
		if got := messageLine(message); !strings.Contains(got, " "+want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestValueText(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"": "", "a\nb": `a\nb`, "\xff\x00": "base64:/wA="} {
		if got := valueText([]byte(value)); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestParseColour(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint32{"": 0, "ff8800": 0xff8800, "#00000f": 15} {
		if got, err := parseColour(text); got != want || err != nil {
			t.Errorf("%q: %x, %v", text, got, err)
		}
	}
	for _, text := range []string{"f80", "gggggg", "1000000", "-ff880"} {
		if _, err := parseColour(text); err == nil {
			t.Errorf("%q passes for a colour", text)
		}
	}
}

func TestBucketRulesReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	const text = "text/host=whitelist"
	rule, err := parseBucketRule(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := bucketRulesText(&ovationv1.BucketRules{Rules: []*ovationv1.BucketRule{rule}}); got != text {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{"", "text", "text/host", "text/host=any", "x/host=low", "text/x=low", "unspecified/any=low"} {
		if _, err := parseBucketRule(bad); err == nil {
			t.Errorf("%q passes for a rule", bad)
		}
	}
}
