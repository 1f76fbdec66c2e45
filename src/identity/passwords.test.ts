import { describe, expect, it } from 'vitest'
import { isRefusal } from '../lib/errors.ts'
import { SeededRandom } from '../lib/random.ts'
import { newPassword, parseHash } from './password.ts'
import { Passwords, standardParameters } from './passwords.ts'

const cheap = { memoryKib: 64, passes: 1 }
const make = (options: ConstructorParameters<typeof Passwords>[1] = {}) =>
  new Passwords(new SeededRandom('passwords'), { parameters: cheap, ...options })

describe('a password hash', () => {
  it('is of its password and of no other, and carries its parameters', async () => {
    const passwords = make()
    const hash = await passwords.hash('correct horse battery')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    expect(await passwords.verify('correct horse battery', hash)).toEqual({ matches: true, outdated: false })
    expect(await passwords.verify('correct horse batterz', hash)).toMatchObject({ matches: false })
    expect(await passwords.hash('correct horse battery')).not.toBe(hash)
  })

  it('made with other parameters still counts, and is told to be outdated', async () => {
    const hash = await make({ parameters: { memoryKib: 128, passes: 2 } }).hash('correct horse battery')
    expect(await make().verify('correct horse battery', hash)).toEqual({ matches: true, outdated: true })
  })

  it('is the one of RFC 9106 argon2id, as the reference implementation writes it', async () => {
    // printf password | argon2 somesalt -id -t 2 -k 256 -p 1 -l 32 -e
    const text = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
    expect(await make().verify('password', text)).toMatchObject({ matches: true })
  })

  it('of the same text in another composition is the same', async () => {
    const passwords = make()
    expect(
      await passwords.verify('cafe\u0301 au lait noir', await passwords.hash('caf\u00e9 au lait noir')),
    ).toMatchObject({
      matches: true,
    })
  })

  it('is made with no less than 19 MiB and two passes', async () => {
    const hash = parseHash(await new Passwords(new SeededRandom('x')).hash('correct horse battery'))
    expect(hash).toMatchObject(standardParameters)
    expect(standardParameters.memoryKib * standardParameters.passes).toBeGreaterThanOrEqual(19_456 * 2)
  })
})

describe('the pool', () => {
  it('does the same work for nobody', async () => {
    expect(await make().verify('whatever it is', null)).toEqual({ matches: false, outdated: false })
  })

  it('hashes two at a time, keeps some waiting and refuses the rest', async () => {
    const passwords = make({ atOnceMax: 2, waitingMax: 3 })
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => passwords.hash('correct horse battery')))
    expect(all.map(one => one.status)).toEqual([...Array(5).fill('fulfilled'), ...Array(3).fill('rejected')])
    expect(all.every(one => one.status === 'fulfilled' || isRefusal(one.reason, 'SignInBusy'))).toBe(true)
    // Every place is free again.
    const again = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash('correct horse battery')))
    expect(again.map(one => one.status)).toEqual(Array(5).fill('fulfilled'))
  })
})

describe('a random password', () => {
  it('has 100 bits, in groups', () => {
    const random = new SeededRandom('made')
    const made = Array.from({ length: 50 }, () => newPassword(random))
    for (const password of made) expect(password).toMatch(/^[0-9a-z]{5}(-[0-9a-z]{5}){3}$/)
    expect(new Set(made).size).toBe(50)
  })
})
