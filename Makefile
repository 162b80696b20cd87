# The menu. Each line calls a chore in xtask/; there is no logic here.

.DEFAULT_GOAL := help
.PHONY: help run test tidy format lint codegen coverage bench bench-agent bench-ingest chaos

help: ## show this menu
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

run: ## build, index samples/, ask one question, serve
	@cargo xtask run

test: ## everything that must pass before a change lands
	@cargo xtask test

tidy: ## the rules that no compiler knows
	@cargo xtask tidy

format: ## format the code
	@cargo fmt --all

lint: ## clippy on every target, warnings denied
	@cargo xtask test lint

codegen: ## write docs/reference/ anew
	@cargo xtask codegen

coverage: ## line coverage of the tests
	@cargo xtask coverage

bench: ## speed and memory against the peer
	@cargo xtask bench

bench-agent: ## what a run of an agent costs beside its model
	@cargo xtask bench agent

bench-ingest: ## ingestion of 10,000 documents against the peer
	@cargo xtask bench ingest

chaos: ## kill -9 of server and parsers during ingestion, 250 times
	@cargo xtask chaos texts
	@cargo xtask chaos
