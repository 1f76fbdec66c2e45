import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RouteSplit } from '../../services/routes/route.ts'
import { Split } from './split.ts'

interface Member {
  name: string
  targets: string[]
}
const member = (name: string, endpoints = 1): Member => ({ name, targets: Array(endpoints).fill('e') })
const namesOf = (split: Split<Member>, count: number): string =>
  Array.from({ length: count }, () => split.next()?.name ?? '-').join('')

const a = () => member('a')
const b = () => member('b')
const none = (name: string) => member(name, 0)

test.each<[string, RouteSplit['mode'], [Member, number][], string]>([
  [
    'evenly, by turns',
    'weighted',
    [
      [a(), 1],
      [b(), 1],
    ],
    'ababab',
  ],
  [
    'smoothly: neighbours differ',
    'weighted',
    [
      [a(), 5],
      [b(), 1],
      [member('c'), 1],
    ],
    'aabacaaaabacaa',
  ],
  [
    'a canary of one in ten',
    'weighted',
    [
      [a(), 90],
      [b(), 10],
    ],
    'aaaaabaaaa',
  ],
  [
    'weight 0 gets nothing',
    'weighted',
    [
      [a(), 0],
      [b(), 1],
    ],
    'bbb',
  ],
  [
    'who has no endpoint gets nothing, the others all',
    'weighted',
    [
      [none('a'), 90],
      [b(), 9],
      [member('c'), 1],
    ],
    'bbbbbcbbbb',
  ],
  [
    'where none can serve, the heaviest says why',
    'weighted',
    [
      [none('a'), 10],
      [none('b'), 90],
    ],
    'bbb',
  ],
  [
    'by endpoints',
    'auto',
    [
      [member('a', 2), 0],
      [b(), 0],
    ],
    'abaaba',
  ],
  ['nobody', 'weighted', [], '--'],
])('%s', (_what, mode, members, taken) => {
  const split = new Split(
    mode,
    members.map(([one]) => one),
    members.map(([, weight]) => weight),
  )
  expect(namesOf(split, taken.length)).toBe(taken)
})

test('the shares are exact over every window of as many requests as the weights add up to', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 }),
      fc.nat(200),
      (weights, skip) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        fc.pre(total > 0)
        const members = weights.map((_, index) => member(String(index)))
        const split = new Split('weighted', members, weights)
        for (let i = 0; i < skip; i++) split.next()
        const taken = Array.from({ length: total }, () => split.next())
        expect(members.map(one => taken.filter(other => other === one).length)).toEqual(weights)
      },
    ),
  )
})

test('a member whose endpoints come back takes its share again, and no more than it', () => {
  const [one, two] = [a(), b()]
  const split = new Split('weighted', [one, two], [1, 1])
  one.targets.length = 0
  expect(namesOf(split, 50)).toBe('b'.repeat(50))
  one.targets.push('e')
  expect(namesOf(split, 40).match(/a/g)?.length).toBe(20)
})

test('who else could take a request: the heaviest other that has an endpoint', () => {
  const members = [a(), b(), none('c')]
  const [first, second] = members as [Member, Member]
  const split = new Split('weighted', members, [1, 2, 9])
  expect([split.otherThan(first)?.name, split.otherThan(second)?.name]).toEqual(['b', 'a'])
  second.targets.length = 0
  expect(split.otherThan(first)).toBeNull()
})
