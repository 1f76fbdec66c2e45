// Whether the server tells this page what happens. While it does not, what is shown is asked for again and again.
import { useSyncExternalStore } from 'react'

let connected = false
const listeners = new Set<() => void>()

export const isConnected = (): boolean => connected

export function setConnected(next: boolean): void {
  if (next === connected) return
  connected = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useConnected = (): boolean => useSyncExternalStore(subscribe, isConnected)
