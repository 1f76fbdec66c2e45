// `npm run test:kubernetes`: the suites that hold on any cluster, run on the one in KUBECONFIG, then the cluster story,
// the demo's story on three engines, and the story of a Berth inside of the cluster.
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { connectCluster } from '../../src/drivers/kubernetes/connect-cluster.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { removeClusterApi } from './cluster-api/custom-resources.ts'
import { attempted, escapes, refusedField } from './escapes.ts'

/** Each runs on the double as well, in `npm test`. */
const suites = [
  'test/kubernetes/api-server.test.ts',
  'test/kubernetes/object-cache.test.ts',
  'test/kubernetes/runtime.test.ts',
  'test/kubernetes/runtime-life.test.ts',
  'test/kubernetes/runtime-outside.test.ts',
  'test/kubernetes/runtime-model.test.ts',
  'test/kubernetes/packaging.test.ts',
  'test/drivers/kubernetes-machines.test.ts',
  'test/drivers/kubernetes-deployments.test.ts',
  'test/drivers/kubernetes-wipe.test.ts',
]

const refused = escapes.filter(one => refusedField(attempted(one)) === one.field).length
process.stdout.write(`escapes refused: ${refused} of ${escapes.length} (all, 20 at least)\n`)
if (refused < escapes.length || refused < 20) process.exit(1)

const kubeconfig = process.env.KUBECONFIG
if (kubeconfig === undefined || kubeconfig === '') {
  process.stdout.write('KUBECONFIG names no cluster: nothing was run (the same suites run on a double in npm test)\n')
} else {
  const env = { ...process.env, BERTH_TESTS: 'all', BERTH_TEST_KUBECONFIG: resolve(kubeconfig) }
  // One after the other: they count what there is on the cluster.
  const { status } = spawnSync('vitest', ['run', '--no-file-parallelism', ...suites], { stdio: 'inherit', env })
  const { api, close } = connectCluster(
    { kubeconfig: resolve(kubeconfig), context: null },
    { clock: systemClock, env: {} },
  )
  await removeClusterApi(api)
  close()
  const tell = (program: string) => {
    const args = ['--disable-warning=ExperimentalWarning', resolve(import.meta.dirname, program)]
    return spawnSync(process.execPath, args, { stdio: 'inherit', env: process.env }).status ?? 1
  }
  // Each whatever became of those before it; the first that fails is told by its status.
  const ends = [status ?? 1, ...['story.ts', 'engines.ts', 'in-cluster.ts'].map(tell)]
  process.exitCode = ends.find(end => end !== 0) ?? 0
}
