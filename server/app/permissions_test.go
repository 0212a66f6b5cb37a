package app_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ovation-live/ovation/live"
)

// permission says who may make a call, and how it is made: in a body ROOM stands for
// a room of the caller's, NEW for one that is not there yet. A call that names no room
// may be made whatever room a token is for.
type permission struct {
	roles string
	body  string
	told  string // what who may is told all the same, as things are; empty: nothing is wrong
}

const (
	everyone = "viewer moderator host backend"
	staff    = "moderator host backend"
)

// permissions is who may call what. An RPC that is not here fails the test.
var permissions = map[string]permission{
	"RoomService.CreateRoom":            {"host backend", `{"roomId":"NEW"}`, ""},
	"RoomService.GetRoom":               {everyone, `{"roomId":"ROOM"}`, ""},
	"RoomService.ListRooms":             {everyone, `{}`, ""},
	"RoomService.UpdateRoom":            {"host backend", `{"roomId":"ROOM","title":"x"}`, ""},
	"RoomService.EndRoom":               {"host backend", `{"roomId":"ROOM"}`, ""},
	"RoomService.JoinRoom":              {everyone, `{"roomId":"ROOM"}`, ""},
	"RoomService.LeaveRoom":             {everyone, `{"roomId":"ROOM"}`, ""},
	"RoomService.ListMembers":           {everyone, `{"roomId":"ROOM"}`, ""},
	"FeedService.Subscribe":             {everyone, `{"roomId":"ROOM"}`, ""},
	"FeedService.Pull":                  {everyone, `{"roomId":"ROOM"}`, ""},
	"FeedService.Send":                  {everyone, `{"roomId":"ROOM","text":"x"}`, ""},
	"FeedService.RecallMessage":         {staff, `{"roomId":"ROOM","timestamp":"TIMESTAMP"}`, ""},
	"FeedService.ListHistory":           {everyone, `{"roomId":"ROOM"}`, ""},
	"FeedService.SyncClock":             {everyone, `{}`, ""},
	"AttributeService.UpdateAttributes": {everyone, `{"roomId":"ROOM","updates":[{"key":"k"}]}`, ""},
	"AttributeService.GetAttributes":    {everyone, `{"roomId":"ROOM"}`, ""},
	"AttributeService.PullAttributes":   {everyone, `{"roomId":"ROOM"}`, ""},
	"ModerationService.Ban":             {staff, `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.Unban":           {staff, `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.Mute":            {staff, `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.Unmute":          {staff, `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.MuteRoom":        {staff, `{"roomId":"ROOM"}`, ""},
	"ModerationService.UnmuteRoom":      {staff, `{"roomId":"ROOM"}`, ""},
	"ModerationService.Kick":            {staff, `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.Protect":         {"host backend", `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.Unprotect":       {"host backend", `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.AddModerator":    {"host backend", `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.RemoveModerator": {"host backend", `{"roomId":"ROOM","userId":"x"}`, ""},
	"ModerationService.ListSanctions":   {staff, `{"roomId":"ROOM"}`, ""},
	"ModerationService.PutWords":        {"host backend", `{"roomId":"ROOM","words":[{"text":"w"}]}`, ""},
	"AudienceService.ReportVisits": {
		"backend", `{"events":[{"roomId":"x","userId":"u","sessionId":"s","version":1,"at":1}]}`, "",
	},
	"AudienceService.GetWatchTime":         {"host backend", `{"roomId":"ROOM"}`, ""},
	"AudienceService.ListVisits":           {"host backend", `{"roomId":"ROOM"}`, ""},
	"AudienceService.GetAttendance":        {"host backend", `{"roomId":"ROOM"}`, ""},
	"AudienceService.ListSetAsideVisits":   {"backend", `{"roomId":"ROOM"}`, ""},
	"AudienceService.ReplaySetAsideVisits": {"backend", `{"setAsideIds":["x"]}`, ""},
	"QuizService.CreateQuiz":               {"host backend", `{"roomId":"ROOM"}`, ""},
	"QuizService.GetQuiz":                  {everyone, `{"roomId":"ROOM","quizId":"played"}`, ""},
	"QuizService.ListQuizzes":              {everyone, `{"roomId":"ROOM"}`, ""},
	"QuizService.AskQuestion":              {"host backend", `{"roomId":"ROOM","quizId":"played","questionNumber":1}`, ""},
	"QuizService.SubmitAnswer":             {everyone, `{"roomId":"ROOM","quizId":"played","questionNumber":1,"option":1}`, ""},
	"QuizService.AckFrame":                 {everyone, `{"roomId":"ROOM","sessionId":"s","frameIds":["played/1/question"]}`, "SESSION_NOT_FOUND"},
	"QuizService.GetStanding":              {everyone, `{"roomId":"ROOM","quizId":"played"}`, ""},
	"QuizService.GrantRevives":             {"host backend", `{"roomId":"ROOM","quizId":"played","userIds":["x"],"count":1}`, ""},
	"QuizService.ListResults":              {"host backend", `{"roomId":"ROOM","quizId":"played"}`, ""},
	"QuizService.ListAnswerLog":            {"host backend", `{"roomId":"ROOM","quizId":"played"}`, ""},
	"QuizService.RevealAnswer":             {"host backend", `{"roomId":"ROOM","quizId":"played","questionNumber":1}`, "QUIZ_QUESTION_OPEN"},
	"QuizService.FinishQuiz":               {"host backend", `{"roomId":"ROOM","quizId":"played"}`, "QUIZ_WRONG_STATE"},
	"QuizService.UseRevive":                {"viewer moderator backend", `{"roomId":"ROOM","quizId":"played","questionNumber":1}`, "REVIVE_UNAVAILABLE"},
	"QuizService.CancelQuiz":               {"host backend", `{"roomId":"ROOM","quizId":"played"}`, ""},
	"GiftService.PutGift":                  {"backend", `{"gift":{"giftId":"ROOM","name":"x","price":1,"roomId":"ROOM"}}`, ""},
	"GiftService.ListGifts":                {everyone, `{"roomId":"ROOM"}`, ""},
	"GiftService.SendGift":                 {everyone, `{"roomId":"ROOM","giftId":"none","receiverId":"x","requestId":"x"}`, "GIFT_NOT_FOUND"},
	"GiftService.GetGiftTotals":            {everyone, `{"roomId":"ROOM"}`, ""},
	"GiftService.PutGoal":                  {"host backend", `{"roomId":"ROOM","goal":{"goalId":"g","title":"x","target":5}}`, ""},
	"WalletService.Deposit":                {"backend", `{"userId":"x","amount":5,"requestId":"x"}`, ""},
	"WalletService.GetBalance":             {everyone, `{}`, ""},
	"WalletService.ListLedger":             {everyone, `{}`, ""},
	"WalletService.ListAccounts":           {"backend", `{}`, ""},
	"ModerationService.ListWords":          {"moderator host backend", `{"roomId":"ROOM"}`, ""},
	"EventService.StreamEvents":            {"backend", `{"consumer":"c"}`, ""},
	"EventService.AckEvents":               {"backend", `{"consumer":"absent","cursor":"x"}`, "EVENT_CURSOR_INVALID"},
	"EventService.ListConsumers":           {"backend", `{}`, ""},
	"EventService.DeleteConsumer":          {"backend", `{"consumer":"c"}`, ""},
	"EventService.PutWebhook":              {"backend", `{"webhook":{"consumer":"w","url":"http://127.0.0.1:1","secret":"0123456789abcdef","paused":true}}`, ""},
	"EventService.ListDeadLetters":         {"backend", `{}`, ""},
	"EventService.RetryDeadLetters":        {"backend", `{"deadLetterIds":["1"]}`, ""},
}

// ofAllRooms is what concerns all rooms at once, by service or method: a token must cover
// every room.
var ofAllRooms = map[string]bool{
	"EventService": true, "WalletService.Deposit": true, "WalletService.ListAccounts": true,
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	n := start(t)
	methods(t, func(m protoreflect.MethodDescriptor, built bool) {
		name := string(m.Parent().Name()) + "." + string(m.Name())
		if !built {
			return
		}
		p, ok := permissions[name]
		if !ok {
			t.Errorf("%s is not in the table of permissions", name)
			return
		}
		for role := live.RoleViewer; role <= live.RoleBackend; role++ {
			t.Run(name+" as "+role.String(), func(t *testing.T) {
				t.Parallel()
				n.checkPermission(t, m, p, role)
			})
		}
	})
}

// checkPermission makes a call with tokens that cover the room, all rooms, another,
// and none.
func (n *node) checkPermission(t *testing.T, m protoreflect.MethodDescriptor, p permission, role live.Role) {
	t.Helper()
	id := strings.ToLower(string(m.Name()) + "-" + role.String())
	n.create(t, id)
	if m.Parent().Name() == "QuizService" {
		n.asked(t, id, "played")
	}
	sent := do(t, http1.client(t, ""), "POST", n.url+"/ovation.v1.FeedService/Send",
		`{"roomId":"`+id+`","text":"x"}`, "Content-Type", "application/json",
		"Authorization", bearer(t, live.RoleBackend, "*"))
	_, rest, _ := strings.Cut(sent.body, `"timestamp":"`)
	timestamp, _, _ := strings.Cut(rest, `"`)
	url := n.url + "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
	call := func(room live.RoomID, covered ...live.RoomID) string {
		body := strings.NewReplacer("ROOM", string(room), "NEW", string(room)+"-new", "TIMESTAMP", timestamp).Replace(p.body)
		header := []string{"Content-Type", "application/json", "Authorization", bearer(t, role, covered...)}
		if !m.IsStreamingServer() {
			return do(t, http1.client(t, ""), "POST", url, body, header...).body
		}
		header[1] = "application/connect+json"
		_, frame := open(t, http1.client(t, ""), url, body, header...).next(t)
		return frame
	}
	room := live.RoomID(id)
	may := strings.Contains(p.roles, role.String())
	// The order matters: what one may do is done once.
	all := ofAllRooms[string(m.Parent().Name())] || ofAllRooms[string(m.Parent().Name())+"."+string(m.Name())]
	if got := call(room, "another"); strings.Contains(p.body, "ROOM") || strings.Contains(p.body, "NEW") || all && may {
		if !strings.Contains(got, "ERROR_REASON_ROOM_FORBIDDEN") {
			t.Errorf("a token for another room: %s", got)
		}
	} else if strings.Contains(got, `"code"`) == may {
		t.Errorf("a call that names no room: %s", got)
	}
	tokens := [][]live.RoomID{{room, room + "-new"}, {"*"}}
	if all {
		tokens = tokens[1:]
	}
	for _, covered := range tokens {
		got := call(room, covered...)
		if strings.Contains(got, "ERROR_REASON_ROOM_EXISTS") && may {
			continue // created by the token before
		}
		if refused := strings.Contains(got, "ERROR_REASON_ROLE_FORBIDDEN"); refused == may || may && !p.answers(got) {
			t.Errorf("token for %v: %s", covered, got)
		}
	}
}

// answers says whether an answer is what one who may call is told.
func (p permission) answers(got string) bool {
	if p.told != "" {
		return strings.Contains(got, "ERROR_REASON_"+p.told)
	}
	return !strings.Contains(got, `"code"`)
}
