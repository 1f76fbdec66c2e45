// Berth inside of the cluster in KUBECONFIG, by the kustomize base and by the Helm chart (`npm run test:kubernetes` runs it last).
// Besides what the cluster story needs (story.ts): BERTH_TEST_MODEL_SERVER_IMAGE, an image of packaging/Dockerfile in the cluster;
// nodes beside those of BERTH_TEST_NODES do no harm; this host reaches the addresses of services, and pods reach it; names of
// services are found (cluster DNS). BERTH_TEST_HELM is helm, where it is not in the path.
import { Teller } from '../../src/cli/demo/teller.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { conclude, say } from '../soak/conclude.ts'
import { Helm, hasHelm, Kustomize, type Packaging } from './in-cluster/packagings.ts'
import { InClusterStage } from './in-cluster/stage.ts'
import { type InClusterFigures, tellFigures, tellInClusterStory } from './in-cluster/story.ts'
import { settings } from './story/settings.ts'
import { underTest } from './story/stage.ts'

const { kubeconfig, modelServerImage } = settings()
if (kubeconfig === '' || modelServerImage === '') {
  say('KUBECONFIG or BERTH_TEST_MODEL_SERVER_IMAGE names nothing: Berth inside of the cluster was left out')
  process.exit(0)
}
await conclude(async _open => {
  const told: [string, InClusterFigures][] = []
  const only = process.argv[2]
  const packagings = [Kustomize, ...(hasHelm() ? [Helm] : [])].map((Way): Packaging => new Way())
  for (const packaging of packagings.filter(({ name }) => only === undefined || name === only)) {
    await using within = new AsyncDisposableStack()
    const cluster = await underTest(within, 2)
    if (cluster === null) {
      say(
        'BERTH_TEST_NODES names no nodes, and none is labelled berth.dev/spec: Berth inside of the cluster was left out',
      )
      return true
    }
    say(`\n${packaging.name}, Kubernetes ${(await cluster.api.version()).gitVersion}`)
    const stage = await InClusterStage.set(cluster, packaging, within)
    told.push([packaging.name, await tellInClusterStory(stage, new Teller(systemClock, say), within)])
  }
  if (!hasHelm()) say('there is no helm: the chart was left out')
  say('')
  const held = told.map(([name, figures]) => tellFigures(name, figures, say))
  return held.every(holds => holds)
})
