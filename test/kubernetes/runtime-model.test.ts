// The built-in model server as a pod: it fetches its model first.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseServiceConfig } from '../../src/services/config/service-config.ts'
import { sha256Of } from '../agent/models/fetching.ts'
import { anOrigin } from '../agent/models/origin.ts'
import { aLaunch } from '../drivers/runtime-contract.ts'
import { digitsModel } from '../model/served.ts'
import { aRuntimePlace, endOf, readyOf } from './runtime-fixtures.ts'

const settings = { modelServerImage: 'registry.test/berth', modelNetworks: ['127.0.0.0/8'] }

const launchOf = (modelPath: string) => {
  const { spec } = parseServiceConfig({
    metadata: { name: 'digits', resource: 'eas-r-1' },
    ...{ processor: 'onnx', model_path: modelPath },
  })
  return aLaunch(spec.program, { memoryMiB: 1_024, health: spec.health })
}

test('serves the model at a URL', async () => {
  const { driver } = await aRuntimePlace({ settings })
  const model = readFileSync(digitsModel)
  const origin = await anOrigin(model)
  const launch = launchOf(`${origin.url}/digits.onnx#sha256=${sha256Of(model)}`)
  await driver.ensure(launch)
  const word = await readyOf(driver, launch)
  if (word.state !== 'running') throw new Error('not running')
  const answer = await fetch(`http://${word.host}:${word.port}/v2/models/digits`)
  expect(await answer.json()).toMatchObject({ name: 'digits' })
})

test('says why a model can not be had', async () => {
  const { driver } = await aRuntimePlace({ settings })
  const origin = await anOrigin(readFileSync(digitsModel))
  const launch = launchOf(`${origin.url}/digits.onnx#sha256=${'0'.repeat(64)}`)
  await driver.ensure(launch)
  expect(await endOf(driver, launch)).toMatchObject({
    ...{ reason: 'ModelUnavailable', message: expect.stringContaining('its bytes have the SHA-256') },
  })
})
