package memory

import (
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// packedPart is a part that takes a third of the memory: where everybody stands after every
// question is most of what there is of a quiz. It is not changed.
type packedPart struct {
	quiz.Part               // without players, if they are packed
	users     []live.UserID // of the players; shared with the part before, if they are the same
	players   []packedPlayer
}

// packedPlayer is a player but for the user.
type packedPlayer struct {
	spent                                                   int64
	revives                                                 int
	enteredAt, outAt, right, excused, used, answered, after uint8
	status                                                  quiz.Status
	outcome                                                 quiz.Outcome
	option                                                  quiz.Option
}

// pack packs a part; users are those of the part before. Players that do not fit stay as
// they are.
func pack(part quiz.Part, users []live.UserID) *packedPart {
	p := &packedPart{Part: part, users: users}
	if !slices.EqualFunc(part.Players, users, func(p quiz.Player, u live.UserID) bool { return p.User == u }) {
		p.users = make([]live.UserID, len(part.Players))
	}
	p.players = make([]packedPlayer, len(part.Players))
	for i := range part.Players {
		player := &part.Players[i]
		if p.users[i] != player.User {
			p.users[i] = player.User
		}
		if p.players[i] = packPlayer(player); p.players[i].of(player.User) != *player {
			p.users, p.players = nil, nil
			return p
		}
	}
	p.Players = nil
	return p
}

// unpack returns the part as it was.
func (p *packedPart) unpack() quiz.Part {
	part := p.Part
	if len(p.players) > 0 {
		part.Players = make([]quiz.Player, len(p.players))
		for i := range p.players {
			part.Players[i] = p.players[i].of(p.users[i])
		}
	}
	return part
}

// packPlayer packs a player. Numbers that do not fit come out as others.
func packPlayer(p *quiz.Player) packedPlayer {
	return packedPlayer{
		spent: p.Spent, revives: p.Revives, enteredAt: small(p.EnteredAt), outAt: small(p.OutAt),
		right: small(p.Right), excused: small(p.Excused), used: small(p.Used), answered: small(p.Answered),
		after: small(p.After), status: p.Status, outcome: p.Outcome, option: p.Option,
	}
}

// small is a number that fits in eight bits.
func small[T ~int](n T) uint8 { return uint8(n) }

// of returns the player.
func (p *packedPlayer) of(user live.UserID) quiz.Player {
	return quiz.Player{
		User: user, Status: p.status, EnteredAt: quiz.Number(p.enteredAt), OutAt: quiz.Number(p.outAt),
		Right: int(p.right), Excused: int(p.excused), Used: int(p.used), Revives: p.revives, Spent: p.spent,
		Answered: int(p.answered), After: quiz.Number(p.after), Outcome: p.outcome, Option: p.option,
	}
}
