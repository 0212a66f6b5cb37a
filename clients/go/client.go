package ovation

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// maxMessageBytes bounds one answer or frame: the largest batch of the longest
// texts that a room can be set to.
const maxMessageBytes = 64 << 20

// Client speaks to one Ovation server as one user. It has its own pool of
// connections: two clients never share one. It is safe for concurrent use.
type Client struct {
	base   string
	http   connect.HTTPClient
	close  func()
	tokens *tokens
	log    *slog.Logger

	rooms      ovationv1connect.RoomServiceClient
	feed       ovationv1connect.FeedServiceClient
	attributes ovationv1connect.AttributeServiceClient
	moderation ovationv1connect.ModerationServiceClient
	quizzes    ovationv1connect.QuizServiceClient
	gifts      ovationv1connect.GiftServiceClient
	wallets    ovationv1connect.WalletServiceClient
	events     ovationv1connect.EventServiceClient
	audience   ovationv1connect.AudienceServiceClient
}

// Option sets something about a Client.
type Option func(*Client)

// WithToken makes every call carry the token. One that expires cannot be renewed:
// see WithTokenSource.
func WithToken(token string) Option {
	return func(c *Client) { c.tokens = fixedToken(token) }
}

// WithTokenSource makes every call carry the token that the source returned last.
// The source is asked for the first one, and again whenever the server refuses the
// one before; it is never called twice at once. While a Room is open it is asked
// shortly before the token ends too, if that is a JWT, so that the stay goes on
// without a break.
func WithTokenSource(source TokenSource) Option {
	return func(c *Client) { c.tokens = renewedToken(source) }
}

// WithHTTPClient uses another HTTP client than the Client's own. Its connections
// are its owner's to close. It must not limit the time of a whole request, and for
// streams over cleartext it should speak HTTP/2.
func WithHTTPClient(client connect.HTTPClient) Option {
	return func(c *Client) { c.http, c.close = client, func() {} }
}

// WithLogger logs what the Client recovers from by itself; without it nothing is
// logged.
func WithLogger(log *slog.Logger) Option {
	return func(c *Client) { c.log = log }
}

// New returns a client of the server at a base URL, such as http://localhost:8080
// or https://live.example.com. http is spoken as HTTP/2 in cleartext with prior
// knowledge, https as HTTP/2 or HTTP/1.1, whichever the server offers. New does not
// connect.
func New(baseURL string, options ...Option) (*Client, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{base: base, tokens: fixedToken(""), log: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(c)
	}
	if c.http == nil {
		opened := &connections{}
		c.http, c.close = &http.Client{Transport: newTransport(base, opened.dial)}, opened.closeAll
	}
	c.http = retryAfterReader{c.http}
	c.rooms = ovationv1connect.NewRoomServiceClient(c.http, base, c.callOptions()...)
	c.attributes = ovationv1connect.NewAttributeServiceClient(c.http, base, c.callOptions()...)
	c.moderation = ovationv1connect.NewModerationServiceClient(c.http, base, c.callOptions()...)
	c.quizzes = ovationv1connect.NewQuizServiceClient(c.http, base, c.callOptions()...)
	c.gifts = ovationv1connect.NewGiftServiceClient(c.http, base, c.callOptions()...)
	c.wallets = ovationv1connect.NewWalletServiceClient(c.http, base, c.callOptions()...)
	c.events = ovationv1connect.NewEventServiceClient(c.http, base, c.callOptions()...)
	c.audience = ovationv1connect.NewAudienceServiceClient(c.http, base, c.callOptions()...)
	c.feed = c.feedAt(base)
	return c, nil
}

// Rooms returns the generated client of RoomService.
func (c *Client) Rooms() ovationv1connect.RoomServiceClient { return c.rooms }

// Feed returns the generated client of FeedService.
func (c *Client) Feed() ovationv1connect.FeedServiceClient { return c.feed }

// Attributes returns the generated client of AttributeService.
func (c *Client) Attributes() ovationv1connect.AttributeServiceClient { return c.attributes }

// Moderation returns the generated client of ModerationService.
func (c *Client) Moderation() ovationv1connect.ModerationServiceClient { return c.moderation }

// Quizzes returns the generated client of QuizService.
func (c *Client) Quizzes() ovationv1connect.QuizServiceClient { return c.quizzes }

// Gifts returns the generated client of GiftService.
func (c *Client) Gifts() ovationv1connect.GiftServiceClient { return c.gifts }

// Wallets returns the generated client of WalletService.
func (c *Client) Wallets() ovationv1connect.WalletServiceClient { return c.wallets }

// Audience returns the generated client of AudienceService.
func (c *Client) Audience() ovationv1connect.AudienceServiceClient { return c.audience }

// Close closes the Client's connections; calls that are under way fail. Close the
// rooms first.
func (c *Client) Close() { c.close() }

// callOptions returns what every generated client is made with.
func (c *Client) callOptions() []connect.ClientOption {
	return []connect.ClientOption{
		connect.WithInterceptors(brokenOff{}, authorization{c.tokens}),
		connect.WithReadMaxBytes(maxMessageBytes),
	}
}

// feedAt returns the client of FeedService at a base URL.
func (c *Client) feedAt(base string) ovationv1connect.FeedServiceClient {
	plain := append(c.callOptions(), connect.WithAcceptCompression("gzip", nil, nil))
	return feedClient{
		FeedServiceClient: ovationv1connect.NewFeedServiceClient(c.http, base, c.callOptions()...),
		plain:             ovationv1connect.NewFeedServiceClient(c.http, base, plain...),
	}
}

// feedClient asks for streams without compression: the server would have to compress
// every frame for every subscriber, and most frames are too small to gain by it.
type feedClient struct {
	ovationv1connect.FeedServiceClient
	plain ovationv1connect.FeedServiceClient
}

// Subscribe opens an uncompressed stream.
func (c feedClient) Subscribe(
	ctx context.Context, request *ovationv1.SubscribeRequest,
) (*connect.ServerStreamForClient[ovationv1.SubscribeResponse], error) {
	return c.plain.Subscribe(ctx, request)
}

// parseBase checks a base URL and returns it without a slash at its end.
func parseBase(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("ovation: base URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", fmt.Errorf("ovation: base URL %q is not of the form http://host or https://host", raw)
	}
	return strings.TrimRight(raw, "/"), nil
}
