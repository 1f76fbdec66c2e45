// Keeps what is on the page fresh: the server tells what has changed, and only what shows that is asked for anew.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Connection } from '../live/connection.ts'
import { Refresher } from '../live/refresh.ts'
import { refreshLoaded, refreshShown } from '../queries.ts'
import { sessionQuery } from '../session.ts'

export function useLiveEvents(): void {
  const client = useQueryClient()
  useEffect(() => {
    const refresher = new Refresher(client)
    const connection = new Connection({
      onChanges: changes => refresher.add(changes),
      onReady: begun => {
        if (begun === 'first') refreshLoaded(client)
        // Some things move without an event.
        else void (begun === 'resumed' ? refreshShown(client) : client.invalidateQueries())
      },
      onRefused: () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
    })
    const follow = () => (document.visibilityState === 'visible' ? connection.open() : connection.close())
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      connection.close()
      refresher.stop()
    }
  }, [client])
}
