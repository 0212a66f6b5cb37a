package rooms

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// digest returns 16 letters and digits that stand for s.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}
