import { expect, onTestFinished, test } from 'vitest'
import { checkSealingKey } from '../../src/identity/sealing-key.ts'
import { freshDb } from '../postgres.ts'

test('a role with another key than the first one is refused, and told which to give it', async () => {
  const { db, close } = await freshDb()
  onTestFinished(close)
  await checkSealingKey(db, Buffer.alloc(32, 1))
  await checkSealingKey(db, Buffer.alloc(32, 1))
  await expect(checkSealingKey(db, Buffer.alloc(32, 2))).rejects.toMatchObject({
    code: 'SealingKeyDiffers',
    details: { field: 'BERTH_SECRET_KEY' },
  })
})
