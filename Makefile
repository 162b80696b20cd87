# The menu. Each line calls a chore in xtask/; there is no logic here.

.DEFAULT_GOAL := help
.PHONY: help run test tidy format lint codegen coverage bench bench-agent chaos

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

chaos: ## kill -9 during ingestion, fifty times
	@cargo xtask chaos
