import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.Version;
import org.opensearch.analysis.common.CommonAnalysisModulePlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.geo.GeoModulePlugin;
import org.opensearch.index.mapper.MapperExtrasModulePlugin;
import org.opensearch.index.reindex.ReindexModulePlugin;
import org.opensearch.ingest.common.IngestCommonModulePlugin;
import org.opensearch.join.ParentJoinModulePlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.percolator.PercolatorModulePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginInfo;
import org.opensearch.script.expression.ExpressionModulePlugin;
import org.opensearch.script.mustache.MustacheModulePlugin;
import org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin;
import org.opensearch.transport.Netty4ModulePlugin;

/**
 * OpenSearch's own node, with the modules that its distribution has by default, started from jars on the class path:
 * the distribution archive itself is in no package registry. Absent are the launcher's bootstrap checks, the
 * isolation of plugins, and the security plugin.
 *
 * <p>Arguments: the folder of its data, then settings as name=value.
 */
public final class SingleNode extends Node {
  private static final List<Class<? extends Plugin>> MODULES =
      List.of(
          CommonAnalysisModulePlugin.class,
          ExpressionModulePlugin.class,
          GeoModulePlugin.class,
          IngestCommonModulePlugin.class,
          MapperExtrasModulePlugin.class,
          MatrixAggregationModulePlugin.class,
          MustacheModulePlugin.class,
          Netty4ModulePlugin.class,
          PainlessModulePlugin.class,
          ParentJoinModulePlugin.class,
          PercolatorModulePlugin.class,
          ReindexModulePlugin.class);

  private SingleNode(Settings settings, List<PluginInfo> modules) {
    super(
        InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "single"),
        modules,
        true);
  }

  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]).toAbsolutePath();
    Files.createDirectories(home.resolve("config"));
    Settings.Builder settings = Settings.builder().put("path.home", home.toString());
    for (String argument : List.of(arguments).subList(1, arguments.length)) {
      String[] setting = argument.split("=", 2);
      settings.put(setting[0], setting[1]);
    }
    List<PluginInfo> modules = new ArrayList<>();
    for (Class<? extends Plugin> module : MODULES) {
      String name = module.getName();
      modules.add(
          new PluginInfo(name, "", "", Version.CURRENT, "21", name, null, List.of(), false));
    }
    SingleNode node = new SingleNode(settings.build(), modules);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
    node.start();
    new CountDownLatch(1).await();
  }

  private static void close(Node node) {
    try {
      node.close();
    } catch (Exception e) {
      e.printStackTrace();
    }
  }
}
