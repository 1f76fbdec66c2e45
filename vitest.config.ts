import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/postgres.setup.ts'],
    reporters: ['default', './test/skipped-reporter.ts'],
    pool: 'forks',
    // Tests wait for PostgreSQL and for processes more than they compute: two at once even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A test that passes on the second try is a bug that we would rather see.
    retry: 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
  },
})
