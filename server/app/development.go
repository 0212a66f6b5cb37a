package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/token"
)

// DemoRoom exists at once in development.
const DemoRoom live.RoomID = "demo"

// createDemoRoom makes the demo room, if no node has yet.
func (a *App) createDemoRoom(ctx context.Context) error {
	_, err := a.store.Rooms.CreateRoom(ctx, room.Room{
		ID: DemoRoom, Title: "Demo room", Host: "demo-host", Settings: room.DefaultSettings(),
	}, "")
	if errors.Is(err, store.ErrRoomExists) {
		return nil
	}
	return err
}

// guestLifetime is how long the page's tokens live.
const guestLifetime = 12 * time.Hour

// mintDevelopmentToken gives the page a viewer's token. It exists in development
// only, where anybody could mint one.
func (a *App) mintDevelopmentToken(w http.ResponseWriter, r *http.Request) {
	guest := "guest-" + strings.ToLower(rand.Text()[:6])
	claims := token.Claims{
		User: live.UserID(guest), Name: guest, Role: live.RoleViewer,
		Rooms: []live.RoomID{DemoRoom}, Expires: time.Now().Add(guestLifetime).Truncate(time.Second),
	}
	if id := r.URL.Query().Get("room"); id != "" {
		claims.Rooms = []live.RoomID{live.RoomID(id)}
	}
	signed, err := token.Mint(a.config.Secret(), claims)
	if err != nil {
		answer(w, http.StatusInternalServerError, "cannot mint a token\n")
		a.logger.ErrorContext(r.Context(), "cannot mint a token", "error", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]string{ // whoever asked has gone
		"token":      signed,
		"user_id":    guest,
		"expires_at": claims.Expires.UTC().Format(time.RFC3339),
	})
}

// onlyLoopbackHosts answers those alone who name this machine as the host: a page
// elsewhere, whose name suddenly leads here, is not to get what the page here gets.
func onlyLoopbackHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !config.Loopback(hostOf(r.Host)) {
			answer(w, http.StatusForbidden, "development tokens are for localhost: open the page there\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf returns a Host header's host, without a port and brackets.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(header, "["), "]")
}
