module github.com/ovation-live/ovation/bench/rival

go 1.26.0
