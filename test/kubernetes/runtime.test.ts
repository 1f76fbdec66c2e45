// Kubernetes as a runtime: the contract. What pods do besides is in runtime-life.test.ts.
import { describe, test } from 'vitest'
import { runtimeDriverContract } from '../drivers/runtime-contract.ts'
import { aDriverOnKubelet, anImage, aRuntimePlace, pass, realNode, serves } from './runtime-fixtures.ts'

describe('the kubernetes runtime', () => {
  runtimeDriverContract(async () => {
    const { driver } = await aRuntimePlace()
    return {
      driver,
      pass: async () => void (await pass()),
      serving: anImage(serves),
      ending: anImage('process.exit(1)'),
    }
  })
})

/** Where the run names one: `BERTH_TEST_NODES`, and in `BERTH_TEST_NODE_IMAGE` an image with Node in it. */
if (realNode === null) {
  test('the contract on a kubelet', context => context.skip('BERTH_TEST_NODES and BERTH_TEST_NODE_IMAGE name none'))
} else {
  const { name, image } = realNode
  describe('the kubernetes runtime on a kubelet', { timeout: 60_000 }, () => {
    const inImage = (script: string) => ({ ...anImage(script), image, argv: ['node', '-e', script] })
    runtimeDriverContract(async () => {
      const driver = await aDriverOnKubelet(name)
      const [serving, ending] = [inImage(serves), inImage('process.exit(1)')]
      return { driver, pass: async () => void (await pass()), serving, ending }
    })
  })
}
