package main

import (
	"testing"

	"github.com/ovation-live/ovation/internal/services"
)

func TestMain(m *testing.M) { services.Main(m) }
