// What `nvidia-smi` tells of this host's graphics cards. Without it, or where it does not answer, there are none.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface GraphicsCard {
  index: number
  model: string
  memoryMiB: number
}

export interface CardUse {
  index: number
  /** Percent of the time in which the card computed, as it was of late; 0–100. */
  busyPercent: number
}

export async function listCards(): Promise<GraphicsCard[]> {
  const rows = await ask('index,name,memory.total')
  return rows.map(([index, model = '', memoryMiB]) => ({ index: Number(index), model, memoryMiB: Number(memoryMiB) }))
}

/** A card that does not tell (`[N/A]`) is left out. */
export async function cardsInUse(): Promise<CardUse[]> {
  const rows = await ask('index,utilization.gpu')
  return rows
    .map(([index, busyPercent]) => ({ index: Number(index), busyPercent: Number(busyPercent) }))
    .filter(({ busyPercent }) => Number.isFinite(busyPercent))
}

/** Of these cards, percent; null where none of them tells. */
export function busiestOf(cards: readonly CardUse[], indexes: readonly number[]): number | null {
  const busy = cards.filter(({ index }) => indexes.includes(index)).map(({ busyPercent }) => busyPercent)
  return busy.length === 0 ? null : Math.max(...busy)
}

async function ask(columns: string): Promise<string[][]> {
  const args = [`--query-gpu=${columns}`, '--format=csv,noheader,nounits']
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', args, { timeout: 5_000 })
    const rows = stdout.split('\n').map(line => line.split(',').map(cell => cell.trim()))
    return rows.filter(cells => cells.length > 1)
  } catch {
    return []
  }
}
