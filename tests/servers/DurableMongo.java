import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.Set;

/** {@code java DurableMongo PORT FILE}: MongoDB's protocol on 127.0.0.1. What it has acknowledged survives its being killed. */
public final class DurableMongo {
    /** Its own backend commits once a second; this one before each answer to a write, as a client with j:true expects. */
    private static final class Backend extends H2Backend {
        private static final Set<String> READS = Set.of("find", "getMore", "count", "aggregate", "hello", "isMaster",
                "ismaster", "ping", "listIndexes", "listCollections", "listDatabases", "endSessions", "buildInfo");

        Backend(String file) {
            super(file);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            Document answer = super.handleMessage(message);
            commitAfter(message.getDocument());
            return answer;
        }

        @Override
        public Document handleCommand(Channel channel, String database, String command, Document query) {
            Document answer = super.handleCommand(channel, database, command, query);
            commitAfter(query);
            return answer;
        }

        private void commitAfter(Document command) {
            if (!command.isEmpty() && !READS.contains(command.keySet().iterator().next())) {
                commit();
            }
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        MongoServer server = new MongoServer(new Backend(arguments[1]));
        server.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        Thread.currentThread().join();
    }
}
