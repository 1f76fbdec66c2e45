import fc from 'fast-check'
import { expect, test } from 'vitest'
import { replicaSetOf } from '../../src/drivers/kubernetes/replica-set.ts'
import { attempted, escapes, innocent, refusedField } from './escapes.ts'
import { aPodLaunch, podSettings } from './pod-launch.ts'

test('a service that asks for nothing of others is let through', () => {
  expect(refusedField(innocent)).toBe(null)
})

test.each(escapes)('refuses $what by its name', way => {
  expect(refusedField(attempted(way))).toBe(way.field)
})

test('whatever is written into what a service may say, its pod has no field but those of every other', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const asked = fc.record({
    image: text,
    argv: fc.array(text, { maxLength: 3 }),
    args: fc.array(text, { maxLength: 3 }),
  })
  fc.assert(
    fc.property(asked, fc.dictionary(text, text, { maxKeys: 5 }), (program, env) => {
      const { spec } = JSON.parse(JSON.stringify(replicaSetOf(aPodLaunch(program, { env }), podSettings)))
      const { containers, ...pod } = spec.template.spec
      const plain = JSON.parse(JSON.stringify(replicaSetOf(aPodLaunch(), podSettings)))
      const { containers: ofPlain, ...plainPod } = plain.spec.template.spec
      expect(pod).toEqual(plainPod)
      expect(containers).toHaveLength(1)
      const { command: _, args: __, env: ___, image: ____, ...rest } = containers[0]
      const { env: _____, image: ______, ...plainRest } = ofPlain[0]
      expect(rest).toEqual(plainRest)
      for (const variable of containers[0].env) expect(Object.keys(variable)).toEqual(['name', 'value'])
    }),
    { numRuns: 50 },
  )
})
