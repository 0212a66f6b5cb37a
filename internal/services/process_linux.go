package services

import "syscall"

// attributes of a process that ends when this one dies.
func attributes(p program) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: p.credential, Pdeathsig: p.abandon}
}
