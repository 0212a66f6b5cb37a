//go:build unix && !linux

package services

import "syscall"

// attributes of a process: elsewhere it outlives this one, should that be killed.
func attributes(p program) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: p.credential}
}
