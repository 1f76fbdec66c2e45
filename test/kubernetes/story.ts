// The cluster story on the cluster in KUBECONFIG (`npm run test:kubernetes` runs it after the suites): a Berth of its own buys
// nodes as machines, serves from pods, is drained under 200 requests/s, and gives everything back. BERTH_TEST_NODES names
// the nodes that it may use; without, those that carry `berth.dev/spec`. BERTH_TEST_NODE_IMAGE is an image with Node,
// BERTH_TEST_MODEL_SERVER_IMAGE one of Berth.
import { Teller } from '../../src/cli/demo/teller.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { conclude, say } from '../soak/conclude.ts'
import { tellClusterStory } from './story/cluster-story.ts'
import { settings } from './story/settings.ts'
import { Stage } from './story/stage.ts'

if (settings().kubeconfig === '') {
  say('KUBECONFIG names no cluster: the cluster story was not told')
  process.exit(0)
}
await conclude(async open => {
  const stage = await Stage.set(open, 3)
  if (stage === null) {
    say('BERTH_TEST_NODES names no nodes, and none is labelled berth.dev/spec: the cluster story was not told')
    return true
  }
  const { gitVersion } = await stage.api.version()
  say(`Kubernetes ${gitVersion}`)
  const { pictures, drain, nodesLeftOver, podsLeftOver } = await tellClusterStory(
    stage,
    new Teller(systemClock, say),
    open,
  )
  if (pictures === null) say('BERTH_TEST_MODEL_SERVER_IMAGE names no image: the digits model was left out')
  else say(`pictures read right by the digits model in pods: ${pictures.right} of ${pictures.all} (all)`)
  say(`requests in flight as the drain began: ${drain.inFlightAtStart} (≥ 1)`)
  say(`requests that failed while the node was drained: ${drain.failures.length} of ${drain.sent} (0)`)
  say(`executed more than once: ${drain.twice} (0)`)
  say(`begun and never finished: ${drain.unfinished} (0)`)
  say(`pods and ReplicaSets left over: ${podsLeftOver} (0)`)
  say(`nodes that are not free again: ${nodesLeftOver} (0)`)
  return pictures === null || pictures.right === pictures.all
})
