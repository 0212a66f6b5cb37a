package failure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
)

// player is the program that plays recorded games, built once for all tests.
var player = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "ovation")
	cmd := exec.Command("go", "build", "-o", path, "./clients/cli")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// crowd is how many players begin a game, and window how long a question takes answers:
// longer than any of the failures. Answers come up to two seconds before its end.
const (
	crowd  = 900
	window = 9 * time.Second
)

// game is four questions, as many players as there are getting three quarters of each right.
func game() []byte {
	var lines bytes.Buffer
	left := crowd
	for n := 1; n <= 4; n++ {
		right := left * 3 / 4
		fmt.Fprintf(&lines, `{"date":"2020-01-01","game":1,"number":%d,"question":"Which?","options":[`+
			`{"text":"a","correct":false,"count":%d},{"text":"b","correct":true,"count":%d}]}`+"\n", n, left-right, right)
		left = right
	}
	return lines.Bytes()
}

// match is a game that is being played against a deployment.
type match struct {
	cmd    *exec.Cmd
	out    bytes.Buffer
	stderr bytes.Buffer
	quiz   func() (*ovationv1.Quiz, error)
}

// playQuiz has a game played by calls of all nodes until it is over.
func playQuiz(t *testing.T, d *deployment) *match {
	t.Helper()
	path, err := player()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "game.jsonl")
	if err := os.WriteFile(file, game(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"quiz", "replay", file, "--date", "2020-01-01", "--scale", "1", "--room", "quiz", "--json", "--no-progress",
		"--window", window.String(), "--grace", "2s", "--from", "500ms", "--to", (window - 2*time.Second).String(),
		"--retry-for", patience.String(), "--connections", "2",
	}
	for i, n := range d.nodes {
		flag := "--also"
		if i == 0 {
			flag = "--server"
		}
		args = append(args, flag, "http://"+n.address)
	}
	operator := d.client(t, "operator", live.RoleBackend)
	if _, err := operator.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "quiz"}); err != nil {
		t.Fatal(err)
	}
	m := &match{cmd: exec.Command(path, args...)}
	m.cmd.Env = []string{"OVATION_AUTH_SECRET=" + secret}
	m.cmd.Stdout, m.cmd.Stderr = &m.out, &m.stderr
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	m.quiz = func() (*ovationv1.Quiz, error) {
		got, err := operator.Quizzes().GetQuiz(t.Context(), &ovationv1.GetQuizRequest{RoomId: "quiz"})
		return got.GetQuiz(), err
	}
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.cmd.Process.Kill() })
	return m
}

// at waits until a question takes answers and has some.
func (m *match) at(t *testing.T, question int) {
	t.Helper()
	eventually(t, fmt.Sprintf("question %d is answered", question), func() bool {
		q, err := m.quiz()
		if err != nil || len(q.GetRounds()) < question {
			return false
		}
		given := int64(0)
		for _, n := range q.GetRounds()[question-1].GetTally().GetAnswers() {
			given += n
		}
		return given > 50
	})
}

// over waits until the game is over, and expects every count, survivor and winner to be as
// they should, and every answer to be stored. It returns how long after its end the latest
// question was evaluated.
func (m *match) over(t *testing.T) (evaluated time.Duration) {
	t.Helper()
	err := m.cmd.Wait()
	var report struct {
		Same   bool
		Rounds []struct {
			Stored, Missed int64
			Failed         map[string]int64
			TalliesAfter   int64 `json:"tallies_after_us"`
		}
	}
	if wrong := json.Unmarshal(m.out.Bytes(), &report); err != nil || wrong != nil || !report.Same || len(report.Rounds) != 4 {
		t.Errorf("%v, %v:\n%s%s", err, wrong, m.out.Bytes(), m.stderr.Bytes())
	}
	for _, round := range report.Rounds {
		evaluated = max(evaluated, time.Duration(round.TalliesAfter)*time.Microsecond)
		if len(round.Failed) > 0 {
			t.Errorf("answers were not taken: %v", round.Failed)
		}
	}
	return evaluated
}

// tell logs the row of the table in docs/OPERATIONS.md.
func (m *match) tell(t *testing.T, what string) {
	t.Helper()
	t.Logf("| %s | evaluated after %.1f s |", what, m.over(t).Seconds())
}

func TestQuizWhileNodesAreKilled(t *testing.T) {
	begin(t)
	d := deploy(t, services.SharedRedis(t), services.NewDatabase(t))
	m := playQuiz(t, d)
	m.at(t, 1)
	d.nodes[0].kill(t)
	m.at(t, 3)
	d.nodes[1].kill(t)
	m.tell(t, "two nodes of three are killed (`kill -9`) while questions take answers")
}

func TestQuizWhileRedisIsRestartedWithItsData(t *testing.T) {
	begin(t)
	redis := services.NewRedis(t, "--appendonly", "yes", "--appendfsync", "everysec")
	d := deploy(t, redis.URL(), services.NewDatabase(t))
	m := playQuiz(t, d)
	m.at(t, 2)
	redis.Kill()
	redis.Start(t)
	m.tell(t, "Redis is killed while a question takes answers, and started with its data")
}

func TestQuizWhileRedisIsRestartedEmpty(t *testing.T) {
	begin(t)
	redis := services.NewRedis(t)
	d := deploy(t, redis.URL(), services.NewDatabase(t))
	m := playQuiz(t, d)
	m.at(t, 2)
	redis.Kill()
	redis.RestartEmpty(t)
	m.tell(t, "Redis is killed while a question takes answers, and started without any data")
}

func TestQuizWhilePostgresIsRestarted(t *testing.T) {
	begin(t)
	postgres := services.NewPostgres(t)
	d := deploy(t, services.SharedRedis(t), postgres.NewDatabase(t))
	m := playQuiz(t, d)
	m.at(t, 2)
	postgres.Kill()
	time.Sleep(absence)
	postgres.Start(t)
	m.tell(t, "Postgres is killed while a question takes answers, and started 3 s later")
}
