// Keeps what is on the page fresh. Until the server tells of events by itself, what moves is asked for every few seconds
// (queries.ts); here the page catches up at once when it comes back into sight.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

export function useLiveEvents(): void {
  const client = useQueryClient()
  useEffect(() => {
    const catchUp = () => {
      if (document.visibilityState === 'visible') void client.invalidateQueries()
    }
    document.addEventListener('visibilitychange', catchUp)
    return () => document.removeEventListener('visibilitychange', catchUp)
  }, [client])
}
