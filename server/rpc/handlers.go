// Package rpc is Ovation's services as the contract has them: each handler converts,
// makes one call of a use case, and converts back. Errors are translated in one
// place, for all of them.
package rpc

import (
	"net/http"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"

	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/server/attributes"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/events"
	"github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/server/moderation"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/server/visit"
	"github.com/ovation-live/ovation/server/wallet"
	"github.com/ovation-live/ovation/server/words"
)

// Services is the use cases that the handlers call.
type Services struct {
	Rooms      *rooms.Service
	Chat       *chat.Service
	Attributes *attributes.Service
	Moderation *moderation.Service
	Words      *words.Service
	Quizzes    *quiz.Service
	Visits     *visit.Service
	Gifts      *gift.Service
	Wallets    *wallet.Service
	Events     *events.Service
}

// Limits bounds what a caller may do.
type Limits struct {
	// RequestBytes is the largest message that is read.
	RequestBytes int
	// CompressBytes is the smallest message that is compressed.
	CompressBytes int
	// ReadWithin is how long a request may take to arrive. 0: for ever.
	ReadWithin time.Duration
	// WriteWithin is how long a stream waits for its reader to take a frame. 0: for
	// ever.
	WriteWithin time.Duration
}

// Chain is what surrounds RPCs.
type Chain struct {
	// Built surrounds those that are built, Unbuilt those that are not.
	Built, Unbuilt connect.HandlerOption
	// Request surrounds the requests of all.
	Request func(http.Handler) http.Handler
}

// registry is where handlers are added to.
type registry struct {
	mux    *http.ServeMux
	limits Limits
	chain  Chain
}

// add adds a handler. What it reads is bounded.
func (r registry) add(pattern string, h http.Handler) {
	r.mux.Handle(pattern, r.chain.Request(&bounding{h, r.limits.RequestBytes, r.limits.ReadWithin}))
}

// Register adds the services to mux.
func Register(mux *http.ServeMux, s Services, limits Limits, chain Chain) {
	bounds := connect.WithHandlerOptions(
		codecs(),
		boundedGzip(limits.RequestBytes),
		connect.WithCompressMinBytes(limits.CompressBytes),
	)
	built := connect.WithHandlerOptions(bounds, chain.Built)
	r := registry{mux, limits, chain}
	r.add(ovationv1connect.NewRoomServiceHandler(&roomHandler{rooms: s.Rooms}, built))
	r.add(ovationv1connect.NewFeedServiceHandler(&feedHandler{chat: s.Chat}, built))
	r.add(ovationv1connect.FeedServiceSubscribeProcedure, newSubscribeHandler(s.Chat, limits.WriteWithin, built))
	r.add(ovationv1connect.FeedServicePullProcedure, newPullHandler(s.Chat, built))
	r.add(ovationv1connect.NewAttributeServiceHandler(&attributeHandler{attributes: s.Attributes}, built))
	r.add(ovationv1connect.NewModerationServiceHandler(
		&moderationHandler{moderation: s.Moderation, words: s.Words}, built))
	r.add(ovationv1connect.NewQuizServiceHandler(&quizHandler{quizzes: s.Quizzes}, built))
	r.add(ovationv1connect.NewAudienceServiceHandler(&audienceHandler{visits: s.Visits}, built))
	r.add(ovationv1connect.NewGiftServiceHandler(&giftHandler{gifts: s.Gifts}, built))
	r.add(ovationv1connect.NewWalletServiceHandler(&walletHandler{wallets: s.Wallets}, built))
	r.add(ovationv1connect.NewEventServiceHandler(&eventHandler{events: s.Events, patience: limits.WriteWithin}, built))
	r.addUnbuilt(connect.WithHandlerOptions(bounds, chain.Unbuilt))
}

// addUnbuilt adds the services and RPCs of the contract that are not built yet:
// they answer UNIMPLEMENTED.
func (r registry) addUnbuilt(opts connect.HandlerOption) {
	r.add(ovationv1connect.NewMediaServiceHandler(ovationv1connect.UnimplementedMediaServiceHandler{}, opts))
	_, unbuilt := ovationv1connect.NewRoomServiceHandler(ovationv1connect.UnimplementedRoomServiceHandler{}, opts)
	r.add(ovationv1connect.RoomServiceLinkRoomsProcedure, unbuilt)
	r.add(ovationv1connect.RoomServiceUnlinkRoomsProcedure, unbuilt)
}

// ServiceNames is every service of the contract.
func ServiceNames() []string {
	return []string{
		ovationv1connect.RoomServiceName,
		ovationv1connect.FeedServiceName,
		ovationv1connect.AttributeServiceName,
		ovationv1connect.QuizServiceName,
		ovationv1connect.GiftServiceName,
		ovationv1connect.WalletServiceName,
		ovationv1connect.AudienceServiceName,
		ovationv1connect.ModerationServiceName,
		ovationv1connect.EventServiceName,
		ovationv1connect.MediaServiceName,
	}
}

// RegisterReflection adds gRPC server reflection to mux.
func RegisterReflection(mux *http.ServeMux) {
	reflector := grpcreflect.NewStaticReflector(append(ServiceNames(), grpchealth.HealthV1ServiceName)...)
	mux.Handle(grpcreflect.NewHandlerV1(reflector))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector))
}

// RegisterHealth adds gRPC health checks to mux and returns what to set them by.
func RegisterHealth(mux *http.ServeMux) *grpchealth.StaticChecker {
	checker := grpchealth.NewStaticChecker(ServiceNames()...)
	mux.Handle(grpchealth.NewHandler(checker))
	return checker
}
