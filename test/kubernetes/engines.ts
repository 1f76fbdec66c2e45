// The demo's story on the engines process, docker and kubernetes, each with a Berth of its own, one after the other: one
// service, one group, one bill. `npm run test:kubernetes` runs it last. Besides what the cluster story needs (story.ts), four nodes
// and BERTH_TEST_DOCKER, the socket of a Docker that has the image of BERTH_TEST_MODEL_SERVER_IMAGE, too.
import { isDeepStrictEqual } from 'node:util'
import { Teller } from '../../src/cli/demo/teller.ts'
import { namespaces } from '../../src/drivers/kubernetes/api/resources.ts'
import { namespaceOf } from '../../src/drivers/kubernetes/pod-labels.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { conclude, say } from '../soak/conclude.ts'
import { digitsModel } from './story/digits.ts'
import { type Figures, tellOn } from './story/same-story.ts'
import { settings } from './story/settings.ts'
import { kubernetesYaml, underTest } from './story/stage.ts'
import { handOut } from './story/witness.ts'

const { kubeconfig, modelServerImage } = settings()
const docker = process.env.BERTH_TEST_DOCKER ?? ''
if (kubeconfig === '' || modelServerImage === '' || docker === '') {
  say(
    'KUBECONFIG, BERTH_TEST_MODEL_SERVER_IMAGE or BERTH_TEST_DOCKER names nothing: the story on three engines was not told',
  )
  process.exit(0)
}
await conclude(async open => {
  const cluster = await underTest(open, 4)
  if (cluster === null) {
    say('BERTH_TEST_NODES names no nodes, and none is labelled berth.dev/spec: the story on three engines was not told')
    return true
  }
  const { api, nodes, host } = cluster
  const modelPath = await handOut(digitsModel(), 'digits.onnx', host, open)
  const models = `models: { allowPrivate: [${host}] }\n`
  const engines = {
    process: models,
    docker: `${models}docker: { socket: ${docker}, pull: never, modelServerImage: "${modelServerImage}" }\n`,
    kubernetes: models + kubernetesYaml(cluster),
  }
  const told = new Map<string, Figures>()
  for (const [engine, yaml] of Object.entries(engines)) {
    say(`\n${engine}`)
    const teller = new Teller(systemClock, say)
    const { accountId, figures } = await tellOn(engine, { yaml, modelPath, specId: nodes.specId }, teller)
    told.set(engine, figures)
    if (engine === 'kubernetes') await api.delete(namespaces, { name: namespaceOf(accountId) })
  }
  say('')
  const [first] = told.values()
  const parts = ['prediction', 'receipt', 'bill'] as const
  for (const [engine, { prediction, receipt, bill }] of told) {
    const { pictures, right, picture, label, score } = prediction
    say(
      `${engine}: ${right} of ${pictures} pictures right, ${picture} is a ${label} (${score}); ` +
        `${receipt.figures.moved} of ${receipt.figures.instances} instances moved, ${receipt.figures.requestsFailed} requests failed; ` +
        `paid ${bill.totals.prepaidFen} fen, by the hour ${bill.totals.postpaidFen} and ${bill.totals.accruedFen}, left ${bill.wallet.closingFen}`,
    )
  }
  const different = [...told].flatMap(([engine, figures]) =>
    parts.filter(part => !isDeepStrictEqual(figures[part], first?.[part])).map(part => `${engine}: ${part}`),
  )
  for (const one of different) say(`not the same as on process: ${one}`)
  say(`engines whose predictions, receipt or bill differ: ${different.length} of ${told.size} (0)`)
  return different.length === 0
})
