package app_test

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/ovation-live/ovation/gen/go/ovation/v1" // registers the contract
	"github.com/ovation-live/ovation/server/rpc"
)

// built is what works already, by service.
var built = map[string][]string{
	"RoomService": {
		"CreateRoom", "GetRoom", "ListRooms", "UpdateRoom", "EndRoom", "JoinRoom", "LeaveRoom", "ListMembers",
	},
	"FeedService":      {"Subscribe", "Pull", "Send", "RecallMessage", "ListHistory", "SyncClock"},
	"AttributeService": {"UpdateAttributes", "GetAttributes", "PullAttributes"},
	"ModerationService": {
		"Ban", "Unban", "Mute", "Unmute", "MuteRoom", "UnmuteRoom", "Kick", "Protect", "Unprotect", "AddModerator",
		"RemoveModerator", "ListSanctions",
		"PutWords", "ListWords",
	},
	"AudienceService": {
		"ReportVisits", "GetWatchTime", "ListVisits", "GetAttendance", "ListSetAsideVisits", "ReplaySetAsideVisits",
	},
	"QuizService": {
		"CreateQuiz", "GetQuiz", "ListQuizzes", "AskQuestion", "SubmitAnswer", "RevealAnswer", "FinishQuiz", "CancelQuiz",
		"AckFrame", "UseRevive", "GetStanding", "GrantRevives", "ListResults", "ListAnswerLog",
	},
	"GiftService":   {"PutGift", "ListGifts", "SendGift", "GetGiftTotals", "PutGoal"},
	"WalletService": {"Deposit", "GetBalance", "ListLedger", "ListAccounts"},
	"EventService": {
		"StreamEvents", "AckEvents", "ListConsumers", "DeleteConsumer", "PutWebhook", "ListDeadLetters", "RetryDeadLetters",
	},
}

// methods calls do for every RPC of the contract.
func methods(t *testing.T, do func(m protoreflect.MethodDescriptor, built bool)) {
	t.Helper()
	works := make(map[string]bool)
	for service, names := range built {
		for _, name := range names {
			works["ovation.v1."+service+"."+name] = true
		}
	}
	for _, name := range rpc.ServiceNames() {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			t.Fatal(err)
		}
		methods := d.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			m := methods.Get(i)
			do(m, works[string(m.FullName())])
		}
	}
}

// What is not built says so to everyone; what is wants a token first. Neither is told
// what is wrong with the request.
func TestWithoutAToken(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := http1.client(t, "")
	methods(t, func(m protoreflect.MethodDescriptor, built bool) {
		url := n.url + "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
		code, reason := `"code":"unimplemented"`, "ERROR_REASON_NOT_IMPLEMENTED"
		if built {
			code, reason = `"code":"unauthenticated"`, "ERROR_REASON_TOKEN_MISSING"
		}
		body, contentType := `{}`, "application/json"
		if m.IsStreamingServer() {
			body, contentType = envelope(`{}`), "application/connect+json"
		}
		got := do(t, c, "POST", url, body, "Content-Type", contentType)
		if !contains(got.body, code) || !contains(got.body, reason) {
			t.Errorf("%s: %d %s", m.FullName(), got.status, got.body)
		}
	})
}
