// Kubernetes as a runtime: the contract. What pods do besides is in runtime-life.test.ts.
import { describe } from 'vitest'
import { runtimeDriverContract } from '../drivers/runtime-contract.ts'
import { anImage, aRuntimePlace, pass, serves } from './runtime-fixtures.ts'

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
