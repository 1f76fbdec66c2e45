import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Stories in the browser that `npm run e2e` alone tells: what they are about is tested without one as well. */
const wholeStories = ['drain-plans', 'drains', 'large', 'traffic']
/** Those that `npm run check` tells as well, and `npm test` leaves out to end in time. */
const browserStories = [
  'hostile',
  'identity',
  'instances',
  'keyboard',
  'live',
  'machines',
  'money',
  'operator',
  'pages',
  'services',
  'story',
  'viewer',
]
const longTests = [
  ...browserStories.map(name => `e2e/${name}`),
  'cli/apply',
  'cli/steering',
  'drivers/docker-life',
  'drivers/docker-use',
  'soak/controllers/controllers',
  'soak/drain/drain',
  'soak/handover/handover',
  'soak/races',
  'stories/docker',
  'stories/kills',
  'stories/restart-killed',
]

const leftOut = {
  whole: [],
  all: wholeStories.map(name => `e2e/${name}`),
  quick: [...wholeStories.map(name => `e2e/${name}`), ...longTests],
}[process.env.BERTH_TESTS ?? 'quick']

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: leftOut?.map(name => `test/${name}.test.ts`) ?? [],
    globalSetup: ['test/postgres.setup.ts'],
    reporters: ['default', './test/skipped-reporter.ts'],
    pool: 'forks',
    // Files of one worker share its modules, which loading anew for each file costs a quarter of the time: what a file arms or
    // counts in a module (fault points), it takes back.
    isolate: false,
    // Processes that tests start load compiled modules, as bin/berth has them do.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/berth', import.meta.url)) },
    // Tests wait for PostgreSQL and for processes more than they compute: two at once even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A test that passes on the second try is a bug that we would rather see.
    retry: 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
  },
})
