/**
 * What stays on the phone, in IndexedDB: `kv` for single values (the draft, the city, cases filed from here) and
 * `outbox` for reports that wait to be sent. The service worker opens the same store.
 */
type Store = "kv" | "outbox";

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("pro", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("kv");
      request.result.createObjectStore("outbox", { keyPath: "id" });
    };
    request.onsuccess = () => {
      // Another tab with a newer version must be able to go on.
      request.result.onversionchange = () => {
        request.result.close();
        opened = undefined;
      };
      resolve(request.result);
    };
    request.onerror = () => {
      opened = undefined;
      reject(request.error ?? new Error("IndexedDB"));
    };
  });
  return opened;
}

async function run<T>(store: Store, mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, mode);
    const request = act(transaction.objectStore(store));
    // Only a finished transaction is on the disk.
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("IndexedDB"));
  });
}

export const getValue = <T>(key: string): Promise<T | undefined> =>
  run<T | undefined>("kv", "readonly", (s) => s.get(key) as IDBRequest<T | undefined>);
export const putValue = (key: string, value: unknown): Promise<unknown> =>
  run("kv", "readwrite", (s) => s.put(value, key));
export const dropValue = (key: string): Promise<unknown> => run("kv", "readwrite", (s) => s.delete(key));
export const allRows = <T>(): Promise<T[]> => run<T[]>("outbox", "readonly", (s) => s.getAll() as IDBRequest<T[]>);
export const putRow = (row: { id: string }): Promise<unknown> => run("outbox", "readwrite", (s) => s.put(row));
export const dropRow = (id: string): Promise<unknown> => run("outbox", "readwrite", (s) => s.delete(id));
