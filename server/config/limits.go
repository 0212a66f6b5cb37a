package config

// Limits bounds what callers may do.
type Limits struct {
	MaxRequestBytes int `default:"1048576" placeholder:"BYTES" help:"Largest request that is read (default ${default})."`
}

func (l Limits) validate() error {
	return between("--max-request-bytes", l.MaxRequestBytes, 1<<10, 64<<20)
}
