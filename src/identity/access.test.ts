import { describe, expect, it } from 'vitest'
import { type Action, actions, authorize, may, roles } from './access.ts'

const allowed = (role: (typeof roles)[number]): Action[] => actions.filter(action => may(role, action))
const writes = actions.filter(action => !action.endsWith('.read'))

describe('permissions', () => {
  it('let a viewer read, and change nothing but their own password and sessions', () => {
    expect(allowed('viewer').filter(action => writes.includes(action))).toEqual(['self.manage'])
    expect(allowed('viewer')).toContain('fleet.read')
  })

  it('keep money and machines apart between finance and developers', () => {
    expect(may('finance', 'order.write')).toBe(true)
    expect(may('finance', 'fleet.operate')).toBe(false)
    expect(may('developer', 'fleet.operate')).toBe(true)
    expect(may('developer', 'order.write')).toBe(false)
  })

  it('let the operator bring in money and run the platform, and nobody else', () => {
    for (const action of ['wallet.topUp', 'platform.operate'] as const) {
      expect(roles.filter(role => may(role, action))).toEqual(['operator'])
    }
    expect(may('operator', 'order.write')).toBe(false)
  })

  it('refuse with the action and who may', () => {
    const principal = {
      accountId: 'a',
      userId: 'u',
      userName: 'eve',
      role: 'viewer',
      accessKeyId: 'k',
      sessionId: null,
    } as const
    expect(() => authorize(principal, 'group.write')).toThrow('eve is viewer; group.write needs owner or developer')
    expect(() => authorize(principal, 'fleet.read')).not.toThrow()
  })
})
