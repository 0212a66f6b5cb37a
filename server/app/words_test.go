package app_test

import (
	"testing"

	"github.com/ovation-live/ovation/live"
)

// Words that are put act on what is sent, and are listed.
func TestForbiddenWords(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "words")
	call := func(role live.Role, method, body string, want ...string) {
		t.Helper()
		got := do(t, http1.client(t, ""), "POST", n.url+"/ovation.v1."+method, body,
			"Content-Type", "application/json", "Authorization", bearer(t, role, "words"))
		for _, w := range want {
			if !contains(got.body, w) {
				t.Errorf("%s %s: %d %s, want %s", method, body, got.status, got.body, w)
			}
		}
	}
	const put, list, send = "ModerationService/PutWords", "ModerationService/ListWords", "FeedService/Send"
	call(live.RoleHost, put, `{"roomId":"words","words":[{"text":"mild"},{"text":"bad","action":"WORD_ACTION_REFUSE","match":"WORD_MATCH_ANYWHERE"}]}`,
		`"listId":"default"`, `"words":"2"`, `"revision":"1"`, `"roomId":"words"`, `"changedAt"`)
	call(live.RoleHost, put, `{"roomId":"words","words":[{"text":"fine"},{"text":"\ud83d\ude42"}]}`,
		`"invalid_argument"`, "ERROR_REASON_INVALID_FIELD", `"words[1].text"`)
	call(live.RoleViewer, send, `{"roomId":"words","text":"a M-I-L-D one"}`, "SEND_STATUS_ACCEPTED", `"alteredText":"a ******* one"`)
	call(live.RoleViewer, send, `{"roomId":"words","text":"not baddd"}`,
		`"permission_denied"`, "ERROR_REASON_MESSAGE_REFUSED", `"list_id":"default"`)
	call(live.RoleModerator, list, `{"roomId":"words"}`, `"lists":[{`, `"listId":"default"`)
	call(live.RoleModerator, list, `{"roomId":"words","listId":"default","pageSize":1}`,
		`{"text":"bad"`, `"action":"WORD_ACTION_REFUSE"`, `"match":"WORD_MATCH_ANYWHERE"}]`, `"nextPageToken":"`)
	call(live.RoleHost, put, `{"roomId":"words","mode":"PUT_WORDS_MODE_REMOVE","words":[{"text":"mild"},{"text":"bad"}]}`, `"revision":"2"`)
	call(live.RoleViewer, send, `{"roomId":"words","text":"bad"}`, "SEND_STATUS_ACCEPTED")
}
