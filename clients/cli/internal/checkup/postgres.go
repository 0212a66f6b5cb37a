package checkup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ovation-live/ovation/internal/pooler"
)

// Deployment is what a Postgres is to serve: so many nodes, each with at most so many
// connections, over which it sends statements in the exec mode that is named.
type Deployment struct {
	Nodes, Conns int
	ExecMode     string
}

// postgresPart is a Postgres.
type postgresPart struct {
	url    string
	config *pgx.ConnConfig
	at     string
	serves Deployment
}

// Postgres returns a Postgres to check, by its URL as the server takes it.
func Postgres(url string, d Deployment) (Part, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("it is no URL like postgres://user@localhost/ovation: %s", withoutURL(err, url))
	}
	// Nothing is prepared that a pool in front might not know any more.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.RuntimeParams["client_encoding"] = "UTF8"
	at := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database
	return &postgresPart{url, config, at, d}, nil
}

const postgresName = "postgres"

// Name implements Part.
func (p *postgresPart) Name() string { return postgresName + " " + p.at }

// database is a connection to one, and what it is to serve.
type database struct {
	*pgx.Conn
	url    string
	serves Deployment
}

// postgresChecks are asked of every Postgres.
var postgresChecks = []check[database]{
	{"version", database.version},
	{"pooler", database.pooler},
	{"encoding", database.encoding},
	{"primary", database.primary},
	{"migrations", database.migrations},
	{"durability", database.durability},
	{"connections", database.connections},
	{"clock", database.clock},
}

// check implements Part.
func (p *postgresPart) check(ctx context.Context, e examiner) {
	config := p.config.Copy()
	config.ConnectTimeout = e.timeout
	connecting, cancel := context.WithTimeout(ctx, e.timeout)
	conn, err := pgx.ConnectConfig(connecting, config)
	cancel()
	if err != nil {
		e.tell(postgresName, p.at, "reach", unconnected(err))
		return
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // it was only asked
	}()
	e.tell(postgresName, p.at, "reach", good("it answers"))
	ask(ctx, e, postgresName, p.at, database{conn, p.url, p.serves}, postgresChecks)
}

// States of SQL that have a remedy.
const (
	wrongPassword  = "28P01"
	notAuthorised  = "28000"
	noDatabase     = "3D000"
	tooManyClients = "53300"
	noPrivilege    = "42501"
	protocolError  = "08P01"
)

// stateOf returns the state that an error of the server's carries.
func stateOf(err error) string {
	if answered, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answered.Code
	}
	return ""
}

// unconnected says why there is no connection.
func unconnected(err error) verdict {
	v := bad("%s", told(err))
	switch stateOf(err) {
	case wrongPassword, notAuthorised:
		return v.mend("give user and password in the URL, and let the user in (pg_hba.conf)")
	case noDatabase:
		return v.mend("CREATE DATABASE ... ENCODING 'UTF8', or correct the database's name")
	case tooManyClients:
		return v.mend("raise max_connections, or lower what each node may open (--postgres-max-conns)")
	case protocolError:
		return v.mend("take the parameter that it names out of the URL, for a pool such as PgBouncer passes none on, and set it for the role: ALTER ROLE ... SET")
	default:
		return v.mend("see that it runs and can be reached from here; with TLS alone, add sslmode=require to the URL")
	}
}

// told is an error in one line, without where it was looked for: that stands before it. What
// came of several attempts, with TLS and without, at several addresses, is said once where it
// was the same.
func told(err error) string {
	if answered, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answered.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return reason(err)
	}
	var attempts []string
	text := err.Error()
	if _, after, ok := strings.Cut(text, "`: "); ok {
		text = after
	}
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && !slices.Contains(attempts, line) {
			attempts = append(attempts, line)
		}
	}
	return strings.Join(attempts, "; ")
}

// show reads a setting.
func (d database) show(ctx context.Context, name string) (value string, err error) {
	err = d.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value)
	return value, err
}

// number reads a setting that is a number.
func (d database) number(ctx context.Context, name string) (int, error) {
	text, err := d.show(ctx, name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// unasked says that a question could not be put.
func unasked(err error) verdict {
	return bad("it cannot be asked: %s", told(err)).mend("try again, and see its log")
}

// oldestPostgres is the first version that is supported.
const oldestPostgres = 14

func (d database) version(ctx context.Context) verdict {
	n, err := d.number(ctx, "server_version_num")
	if err != nil {
		return unasked(err)
	}
	if n/10_000 < oldestPostgres {
		return bad("version %d", n/10_000).mend("upgrade to Postgres %d or later", oldestPostgres)
	}
	return good("version %d.%d", n/10_000, n%10_000)
}

func (d database) encoding(ctx context.Context) verdict {
	encoding, err := d.show(ctx, "server_encoding")
	switch {
	case err != nil:
		return unasked(err)
	case encoding != "UTF8":
		return bad("the database's encoding is %s", encoding).mend("CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and name that one")
	default:
		return good("UTF8")
	}
}

func (d database) primary(ctx context.Context) verdict {
	var standby bool
	if err := d.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&standby); err != nil {
		return unasked(err)
	}
	readOnly, err := d.show(ctx, "default_transaction_read_only")
	switch {
	case err != nil:
		return unasked(err)
	case standby:
		return bad("it is a standby, and nothing can be written there").mend("name the primary; with several hosts in the URL, add target_session_attrs=read-write")
	case readOnly == "on":
		return bad("transactions are read-only").mend("ALTER ROLE ... SET default_transaction_read_only = off")
	default:
		return good("it can be written to")
	}
}

// durable are settings without which what is acknowledged may be lost.
var durable = []string{"fsync", "full_page_writes", "synchronous_commit"}

func (d database) durability(ctx context.Context) verdict {
	var off, mend []string
	for _, name := range durable {
		value, err := d.show(ctx, name)
		if err != nil {
			return unasked(err)
		}
		if value == "off" {
			off, mend = append(off, name), append(mend, fmt.Sprintf("ALTER SYSTEM SET %s = on", name))
		}
	}
	if len(off) > 0 {
		return bad("off: %s", strings.Join(off, ", ")).
			mend("%s; SELECT pg_reload_conf(); and see that no role or command line says otherwise: what was acknowledged may be gone after a crash", strings.Join(mend, "; "))
	}
	return good("what is acknowledged is on disk")
}

func (d database) connections(ctx context.Context) verdict {
	limit, err := d.number(ctx, "max_connections")
	if err != nil {
		return unasked(err)
	}
	reserved, err := d.number(ctx, "superuser_reserved_connections")
	if err != nil {
		return unasked(err)
	}
	wanted := d.serves.Nodes * d.serves.Conns
	if pooled, err := pooler.Between(ctx, d.Conn); err == nil && pooled {
		return good("a pool stands between, and opens as many as it is told to of %d", limit-reserved)
	}
	if free := limit - reserved; wanted > free {
		return doubtful("%s with %d connections each may open %d of %d", plural(d.serves.Nodes, "node", "nodes"), d.serves.Conns, wanted, free).
			mend("raise max_connections, lower --postgres-max-conns of the nodes, or put a pool between")
	}
	return good("%s with %d connections each may open %d of %d", plural(d.serves.Nodes, "node", "nodes"), d.serves.Conns, wanted, limit-reserved)
}

func (d database) clock(ctx context.Context) verdict {
	var now time.Time
	sent := time.Now()
	if err := d.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return unasked(err)
	}
	return clocks(now, sent, time.Now())
}
