package redis

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/rueidis"
)

// Metrics counts what is read by way of client-side caches.
type Metrics struct {
	reads [caches][cacheResults]prometheus.Counter
}

// cache is what is read that way.
type cache uint8

const (
	cachedRoom       cache = iota // copies of rooms
	cachedSanctions               // how users stand
	cachedWords                   // revisions of forbidden words
	cachedLog                     // pulls where the room is not followed
	cachedAttributes              // snapshots
	caches
)

var cacheNames = [caches]string{"room", "sanctions", "words", "log", "attributes"}

// cacheResult is where an answer came from.
type cacheResult uint8

const (
	hit    cacheResult = iota // memory
	miss                      // Redis
	failed                    // nowhere
	cacheResults
)

var cacheResultNames = [cacheResults]string{"hit", "miss", "failed"}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	reads := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Namespace: "ovation", Subsystem: "store", Name: "cache_total",
		Help: "Reads by way of a client-side cache, by whether it had the answer.",
	}, []string{"cache", "result"})
	m := new(Metrics)
	for c, name := range cacheNames {
		for r, result := range cacheResultNames {
			m.reads[c][r] = reads.WithLabelValues(name, result)
		}
	}
	return m
}

// read counts what DoCache answered, and hands it on. That there is nothing is an answer.
func (m *Metrics) read(from cache, answer rueidis.RedisResult) rueidis.RedisResult {
	m.reads[from][resultOf(answer)].Inc()
	return answer
}

// resultOf says where an answer came from.
func resultOf(answer rueidis.RedisResult) cacheResult {
	switch err := answer.Error(); {
	case err != nil && !rueidis.IsRedisNil(err):
		return failed
	case answer.IsCacheHit():
		return hit
	default:
		return miss
	}
}
