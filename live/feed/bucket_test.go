package feed_test

import (
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

func TestRules(t *testing.T) {
	t.Parallel()
	own := feed.Rules{
		{Kind: feed.KindGift, Role: live.RoleViewer, Bucket: feed.Low},
		{Kind: feed.KindGift, Bucket: feed.Whitelist},
		{Bucket: feed.Low},
	}
	for _, tt := range []struct {
		name  string
		rules feed.Rules
		kind  feed.Kind
		role  live.Role
		want  feed.Bucket
	}{
		{"text of a viewer", feed.DefaultRules(), feed.KindText, live.RoleViewer, feed.Low},
		{"a like", feed.DefaultRules(), feed.KindLike, live.RoleViewer, feed.Low},
		{"a gift", feed.DefaultRules(), feed.KindGift, live.RoleViewer, feed.High},
		{"an image", feed.DefaultRules(), feed.KindImage, live.RoleViewer, feed.High},
		{"text of the host", feed.DefaultRules(), feed.KindText, live.RoleHost, feed.Whitelist},
		{"a like of a moderator", feed.DefaultRules(), feed.KindLike, live.RoleModerator, feed.Whitelist},
		{"the system", feed.DefaultRules(), feed.KindSystem, live.RoleBackend, feed.Whitelist},
		{"without rules", nil, feed.KindText, live.RoleViewer, feed.High},
		{"the first that matches", own, feed.KindGift, live.RoleViewer, feed.Low},
		{"the second", own, feed.KindGift, live.RoleHost, feed.Whitelist},
		{"the rest", own, feed.KindSystem, live.RoleHost, feed.Low},
	} {
		if got := tt.rules.Bucket(tt.kind, tt.role); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestBucketNames(t *testing.T) {
	t.Parallel()
	for b, want := range map[feed.Bucket]string{
		feed.Whitelist: "whitelist", feed.High: "high", feed.Low: "low", feed.Buckets: "unknown",
	} {
		if got := b.String(); got != want {
			t.Errorf("bucket %d is %q, want %q", b, got, want)
		}
	}
}
