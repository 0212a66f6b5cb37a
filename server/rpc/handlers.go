// Package rpc is Ovation's services as the contract has them: each handler converts,
// makes one call of a use case, and converts back. Errors are translated in one
// place, for all of them.
package rpc

import (
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"

	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/server/attributes"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/rooms"
)

// Services is the use cases that the handlers call.
type Services struct {
	Rooms      *rooms.Service
	Chat       *chat.Service
	Attributes *attributes.Service
}

// Limits bounds what a caller may send.
type Limits struct {
	// RequestBytes is the largest message that is read.
	RequestBytes int
	// CompressBytes is the smallest message that is compressed.
	CompressBytes int
}

// Chain is what surrounds RPCs: those that are built, and those that are not.
type Chain struct{ Built, Unbuilt connect.Option }

// Register adds the services to mux.
func Register(mux *http.ServeMux, s Services, limits Limits, chain Chain) {
	bounds := connect.WithHandlerOptions(
		connect.WithReadMaxBytes(limits.RequestBytes),
		connect.WithCompressMinBytes(limits.CompressBytes),
	)
	built := connect.WithHandlerOptions(bounds, connect.WithOptions(chain.Built))
	mux.Handle(ovationv1connect.NewRoomServiceHandler(&roomHandler{rooms: s.Rooms}, built))
	mux.Handle(ovationv1connect.NewFeedServiceHandler(&feedHandler{chat: s.Chat}, built))
	mux.Handle(ovationv1connect.FeedServiceSubscribeProcedure, newSubscribeHandler(s.Chat, built))
	mux.Handle(ovationv1connect.FeedServicePullProcedure, newPullHandler(s.Chat, built))
	mux.Handle(ovationv1connect.NewAttributeServiceHandler(&attributeHandler{attributes: s.Attributes}, built))
	registerUnbuilt(mux, connect.WithHandlerOptions(bounds, connect.WithOptions(chain.Unbuilt)))
}

// registerUnbuilt adds the services and RPCs of the contract that are not built yet:
// they answer UNIMPLEMENTED.
func registerUnbuilt(mux *http.ServeMux, opts connect.HandlerOption) {
	mux.Handle(ovationv1connect.NewQuizServiceHandler(ovationv1connect.UnimplementedQuizServiceHandler{}, opts))
	mux.Handle(ovationv1connect.NewGiftServiceHandler(ovationv1connect.UnimplementedGiftServiceHandler{}, opts))
	mux.Handle(ovationv1connect.NewWalletServiceHandler(ovationv1connect.UnimplementedWalletServiceHandler{}, opts))
	mux.Handle(ovationv1connect.NewAudienceServiceHandler(ovationv1connect.UnimplementedAudienceServiceHandler{}, opts))
	mux.Handle(ovationv1connect.NewModerationServiceHandler(
		ovationv1connect.UnimplementedModerationServiceHandler{}, opts))
	mux.Handle(ovationv1connect.NewEventServiceHandler(ovationv1connect.UnimplementedEventServiceHandler{}, opts))
	mux.Handle(ovationv1connect.NewMediaServiceHandler(ovationv1connect.UnimplementedMediaServiceHandler{}, opts))
	_, unbuilt := ovationv1connect.NewRoomServiceHandler(ovationv1connect.UnimplementedRoomServiceHandler{}, opts)
	mux.Handle(ovationv1connect.RoomServiceLinkRoomsProcedure, unbuilt)
	mux.Handle(ovationv1connect.RoomServiceUnlinkRoomsProcedure, unbuilt)
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
