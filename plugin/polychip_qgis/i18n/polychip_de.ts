<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>Polychip</name>
    <message>
      <source>Advise on a strategy</source>
      <translation>Strategie empfehlen</translation>
    </message>
    <message>
      <source>Semantic, instance or panoptic masks? With the evidence</source>
      <translation>Semantische, Instanz- oder panoptische Masken? Mit Belegen</translation>
    </message>
    <message>
      <source>Says whether to label for semantic, instance or panoptic masks, with figures from these very labels: objects that would melt together, hidden and tiny ones, which classes are things and which stuff, a chip size and stride, whether the pixels are small enough, the effort of drawing, and what would change the advice.

The goal is how many (counting), how much (area), what became of each (change), or where (mapping). The page holds all of it with pictures.</source>
      <translation>Sagt, ob für semantische, Instanz- oder panoptische Masken zu zeichnen ist, mit Zahlen aus eben diesen Polygonen: Objekte, die verschmelzen würden, verdeckte und winzige, welche Klassen Dinge sind und welche Fläche, Größe und Schrittweite der Chips, ob die Pixel klein genug sind, der Aufwand des Zeichnens, und was die Empfehlung ändern würde.

Das Ziel ist, wie viele (counting), wie viel (area), was aus jedem wurde (change) oder wo (mapping). Die Seite enthält alles mit Bildern.</translation>
    </message>
    <message>
      <source>Imagery</source>
      <translation>Bild</translation>
    </message>
    <message>
      <source>What the masks are for</source>
      <translation>Wozu die Masken dienen</translation>
    </message>
    <message>
      <source>Advice</source>
      <translation>Empfehlung</translation>
    </message>
    <message>
      <source>Strategy</source>
      <translation>Strategie</translation>
    </message>
    <message>
      <source>Chip size in pixels</source>
      <translation>Chipgröße in Pixeln</translation>
    </message>
    <message>
      <source>Stride in pixels</source>
      <translation>Schrittweite in Pixeln</translation>
    </message>
    <message>
      <source>Advice: {strategy}</source>
      <translation>Empfehlung: {strategy}</translation>
    </message>
    <message>
      <source>Agreement of annotators</source>
      <translation>Übereinstimmung der Zeichner</translation>
    </message>
    <message>
      <source>How well annotators agree, or predictions with labels</source>
      <translation>Wie gut Zeichner übereinstimmen, oder Vorhersagen mit Polygonen</translation>
    </message>
    <message>
      <source>Compares two or more label layers, or predictions with labels: pixels (IoU, F1, Cohen’s kappa), outlines, and objects (panoptic quality). The first layer is the reference of precision and recall. The figures are in the log, and where A and B differ becomes a layer.

Of more than two layers a consensus can be made: the most frequent answer at each pixel, or STAPLE’s.</source>
      <translation>Vergleicht zwei oder mehr Polygonlayer, oder Vorhersagen mit Polygonen: Pixel (IoU, F1, Cohens Kappa), Umrisse und Objekte (panoptische Güte). Der erste Layer ist der Bezug von Genauigkeit und Trefferquote. Die Zahlen stehen im Protokoll, und wo A und B sich unterscheiden, wird ein Layer.

Aus mehr als zwei Layern kann ein Konsens gemacht werden: an jedem Pixel die häufigste Antwort, oder die von STAPLE.</translation>
    </message>
    <message>
      <source>Image whose pixels are compared</source>
      <translation>Bild, dessen Pixel verglichen werden</translation>
    </message>
    <message>
      <source>Side of a pixel where there is no image, in units of the first layer</source>
      <translation>Seite eines Pixels, wo es kein Bild gibt, in Einheiten des ersten Layers</translation>
    </message>
    <message>
      <source>Outlines may be so far apart, in pixels</source>
      <translation>So weit dürfen Umrisse auseinander liegen, in Pixeln</translation>
    </message>
    <message>
      <source>Label layers</source>
      <translation>Polygonlayer</translation>
    </message>
    <message>
      <source>Consensus</source>
      <translation>Konsens</translation>
    </message>
    <message>
      <source>Confusion matrix</source>
      <translation>Konfusionsmatrix</translation>
    </message>
    <message>
      <source>Class field, of the same name in all layers</source>
      <translation>Klassenfeld, in allen Layern gleich benannt</translation>
    </message>
    <message>
      <source>Instance field (empty: every polygon is an object of its own)</source>
      <translation>Instanzfeld (leer: jedes Polygon ist ein eigenes Objekt)</translation>
    </message>
    <message>
      <source>Disagreement</source>
      <translation>Unterschiede</translation>
    </message>
    <message>
      <source>Share of equal pixels</source>
      <translation>Anteil gleicher Pixel</translation>
    </message>
    <message>
      <source>Cohen’s kappa</source>
      <translation>Cohens Kappa</translation>
    </message>
    <message>
      <source>Panoptic quality</source>
      <translation>Panoptische Güte</translation>
    </message>
    <message>
      <source>Krippendorff’s alpha</source>
      <translation>Krippendorffs Alpha</translation>
    </message>
    <message>
      <source>Choose two or more label layers.</source>
      <translation>Zwei oder mehr Polygonlayer wählen.</translation>
    </message>
    <message>
      <source>Check labels</source>
      <translation>Polygone prüfen</translation>
    </message>
    <message>
      <source>Look for faults in labels</source>
      <translation>Fehler in Polygonen suchen</translation>
    </message>
    <message>
      <source>Looks for faults in labels as you see them, unsaved edits too: geometry, overlaps and gaps, classes and object ids, place, a shift between labels and image, balance. The problems become a layer, each with its severity, a sentence, and what to do; the field “source_fid” is the polygon’s id in QGIS.

Without imagery, place and registration are not checked. Nothing is changed.</source>
      <translation>Sucht Fehler in den Polygonen, wie sie zu sehen sind, auch ungespeicherte: Geometrie, Überlappungen und Lücken, Klassen und Objektnummern, Lage, eine Verschiebung gegen das Bild, Ausgewogenheit. Die Probleme werden ein Layer, jedes mit Schwere, einem Satz und dem, was zu tun ist; das Feld „source_fid“ ist die Nummer des Polygons in QGIS.

Ohne Bild werden Lage und Verschiebung nicht geprüft. Nichts wird geändert.</translation>
    </message>
    <message>
      <source>Gaps between neighbours narrower than this are problems, in pixels</source>
      <translation>Lücken zwischen Nachbarn, die schmaler sind, sind Probleme, in Pixeln</translation>
    </message>
    <message>
      <source>Side of the chips in which objects are counted, in pixels</source>
      <translation>Seite der Chips, in denen Objekte gezählt werden, in Pixeln</translation>
    </message>
    <message>
      <source>Problems</source>
      <translation>Probleme</translation>
    </message>
    <message>
      <source>Problem areas</source>
      <translation>Problemflächen</translation>
    </message>
    <message>
      <source>Number of errors</source>
      <translation>Anzahl der Fehler</translation>
    </message>
    <message>
      <source>Number of warnings</source>
      <translation>Anzahl der Warnungen</translation>
    </message>
    <message>
      <source>Stride in pixels (empty: same as size)</source>
      <translation>Schrittweite in Pixeln (leer: wie Größe)</translation>
    </message>
    <message>
      <source>Split (none, blocks, random, scene, field:NAME)</source>
      <translation>Aufteilung (none, blocks, random, scene, field:NAME)</translation>
    </message>
    <message>
      <source>Labels</source>
      <translation>Beschriftung</translation>
    </message>
    <message>
      <source>Class field</source>
      <translation>Klassenfeld</translation>
    </message>
    <message>
      <source>Labelled extent (empty: whole image)</source>
      <translation>Beschriftete Fläche (leer: ganzes Bild)</translation>
    </message>
    <message>
      <source>Mode</source>
      <translation>Modus</translation>
    </message>
    <message>
      <source>Edge rule</source>
      <translation>Randregel</translation>
    </message>
    <message>
      <source>Chip grid</source>
      <translation>Chip-Raster</translation>
    </message>
    <message>
      <source>The chips of a raster layer as polygons</source>
      <translation>Die Chips eines Rasterlayers als Polygone</translation>
    </message>
    <message>
      <source>Lays chips of a fixed size over the pixels of a raster and writes one polygon a chip, with its id, its row and column, and the pixel where it starts.

Chips follow the pixels: on a rotated or south-up raster the polygons are rotated too.

Edge rule: “pad” lets the last chips reach beyond the image, “shift” moves them back inside (they overlap their neighbours), “drop” leaves them out.</source>
      <translation>Legt Chips fester Größe über die Pixel eines Rasters und schreibt je Chip ein Polygon mit Kennung, Zeile, Spalte und dem Pixel, bei dem er beginnt.

Chips folgen den Pixeln: Auf einem gedrehten oder nach Süden ausgerichteten Raster sind auch die Polygone gedreht.

Randregel: „pad“ lässt die letzten Chips über das Bild hinausreichen, „shift“ rückt sie nach innen (sie überlappen ihre Nachbarn), „drop“ lässt sie weg.</translation>
    </message>
    <message>
      <source>Number of chips</source>
      <translation>Anzahl der Chips</translation>
    </message>
    <message>
      <source>Chips: {total} ({rows} down, {columns} across)</source>
      <translation>Chips: {total} ({rows} senkrecht, {columns} waagerecht)</translation>
    </message>
    <message>
      <source>Planned chips</source>
      <translation>Geplante Chips</translation>
    </message>
    <message>
      <source>left out: {reason}</source>
      <translation>ausgelassen: {reason}</translation>
    </message>
    <message>
      <source>The first class in the list wins where polygons overlap.</source>
      <translation>Wo sich Polygone überlappen, gewinnt die erste Klasse der Liste.</translation>
    </message>
    <message>
      <source>From Labels</source>
      <translation>Aus den Labels</translation>
    </message>
    <message>
      <source>List the values of the class field, with codes from 1</source>
      <translation>Die Werte des Klassenfelds auflisten, mit Codes ab 1</translation>
    </message>
    <message>
      <source>Up</source>
      <translation>Nach oben</translation>
    </message>
    <message>
      <source>Down</source>
      <translation>Nach unten</translation>
    </message>
    <message>
      <source>Clear</source>
      <translation>Leeren</translation>
    </message>
    <message>
      <source>Two classes share a code; give each class its own.</source>
      <translation>Zwei Klassen haben denselben Code; geben Sie jeder ihren eigenen.</translation>
    </message>
    <message>
      <source>Ticked: countable objects; not ticked: an area such as water</source>
      <translation>Angehakt: zählbare Objekte; nicht angehakt: eine Fläche wie Wasser</translation>
    </message>
    <message>
      <source>Class</source>
      <translation>Klasse</translation>
    </message>
    <message>
      <source>Code</source>
      <translation>Code</translation>
    </message>
    <message>
      <source>Colour</source>
      <translation>Farbe</translation>
    </message>
    <message>
      <source>Object</source>
      <translation>Objekt</translation>
    </message>
    <message>
      <source>“{field}” has {n} values; a schema takes 1 to {most}.</source>
      <translation>„{field}“ hat {n} Werte; ein Schema nimmt 1 bis {most}.</translation>
    </message>
    <message>
      <source>A class’s code is a whole number from 0 to {most}.</source>
      <translation>Der Code einer Klasse ist eine ganze Zahl von 0 bis {most}.</translation>
    </message>
    <message>
      <source>Convert dataset</source>
      <translation>Datensatz umwandeln</translation>
    </message>
    <message>
      <source>Write a dataset in another format</source>
      <translation>Einen Datensatz in einem anderen Format schreiben</translation>
    </message>
    <message>
      <source>Writes a dataset in another format: COCO, YOLO, Pascal VOC, Cityscapes, PNG, WebDataset, Hugging Face, STAC, Croissant and others. The dataset itself is not changed. A README in the new folder shows how it is loaded, and says what the format cannot hold.

The format “gpkg” is the grid of chips as a GeoPackage for QGIS, with split and pixels by class; it is added to the map.</source>
      <translation>Schreibt einen Datensatz in einem anderen Format: COCO, YOLO, Pascal VOC, Cityscapes, PNG, WebDataset, Hugging Face, STAC, Croissant und andere. Der Datensatz selbst wird nicht geändert. Eine README im neuen Ordner zeigt, wie er geladen wird, und sagt, was das Format nicht fassen kann.

Das Format „gpkg“ ist das Chip-Raster als GeoPackage für QGIS, mit Aufteilung und Pixeln je Klasse; es kommt auf die Karte.</translation>
    </message>
    <message>
      <source>Replace a converted dataset that is there</source>
      <translation>Einen umgewandelten Datensatz ersetzen, der da ist</translation>
    </message>
    <message>
      <source>Bands by number or name (empty: as the format has them)</source>
      <translation>Bänder nach Nummer oder Name (leer: wie das Format sie hat)</translation>
    </message>
    <message>
      <source>Options of the format, a line each: NAME=VALUE</source>
      <translation>Optionen des Formats, je eine Zeile: NAME=WERT</translation>
    </message>
    <message>
      <source>Dataset</source>
      <translation>Datensatz</translation>
    </message>
    <message>
      <source>Format</source>
      <translation>Format</translation>
    </message>
    <message>
      <source>Converted dataset</source>
      <translation>Umgewandelter Datensatz</translation>
    </message>
    <message>
      <source>A converted dataset is in {folder}: tick “Replace”, or choose another.</source>
      <translation>In {folder} liegt ein umgewandelter Datensatz: „Ersetzen“ ankreuzen oder einen anderen Ordner wählen.</translation>
    </message>
    <message>
      <source>A class for every pixel: for land cover, water, roads, burned area.</source>
      <translation>Eine Klasse für jedes Pixel: für Landbedeckung, Wasser, Straßen, Brandflächen.</translation>
    </message>
    <message>
      <source>Every object on its own: to count and outline buildings, trees or vehicles.</source>
      <translation>Jedes Objekt für sich: um Gebäude, Bäume oder Fahrzeuge zu zählen und zu umreißen.</translation>
    </message>
    <message>
      <source>Both at once: every pixel has a class, and countable objects are told apart.</source>
      <translation>Beides zugleich: Jedes Pixel hat eine Klasse, und zählbare Objekte werden unterschieden.</translation>
    </message>
    <message>
      <source>The image that chips are cut from</source>
      <translation>Das Bild, aus dem Chips geschnitten werden</translation>
    </message>
    <message>
      <source>The polygons that masks are burned from</source>
      <translation>Die Polygone, aus denen Masken entstehen</translation>
    </message>
    <message>
      <source>The field that holds each polygon’s class</source>
      <translation>Das Feld mit der Klasse jedes Polygons</translation>
    </message>
    <message>
      <source>The field that holds the object’s id; empty: every polygon is an object of its own</source>
      <translation>Das Feld mit der Kennung des Objekts; leer: Jedes Polygon ist ein eigenes Objekt</translation>
    </message>
    <message>
      <source>Polygons of what was looked at: outside them nothing is known</source>
      <translation>Polygone dessen, was durchgesehen wurde: Außerhalb ist nichts bekannt</translation>
    </message>
    <message>
      <source>Whole image</source>
      <translation>Ganzes Bild</translation>
    </message>
    <message>
      <source>What the masks tell apart</source>
      <translation>Was die Masken unterscheiden</translation>
    </message>
    <message>
      <source>Side of a chip in pixels</source>
      <translation>Seitenlänge eines Chips in Pixeln</translation>
    </message>
    <message>
      <source>Step from chip to chip; smaller than the size: chips overlap</source>
      <translation>Schritt von Chip zu Chip; kleiner als die Größe: Chips überlappen</translation>
    </message>
    <message>
      <source>Same as size</source>
      <translation>Wie Größe</translation>
    </message>
    <message>
      <source>What the last chips do where the image ends</source>
      <translation>Was die letzten Chips tun, wo das Bild endet</translation>
    </message>
    <message>
      <source>Select the Dataset’s Folder</source>
      <translation>Ordner des Datensatzes wählen</translation>
    </message>
    <message>
      <source>The folder that the dataset is written to; it is made if it is not there</source>
      <translation>Der Ordner, in den der Datensatz geschrieben wird; er wird bei Bedarf angelegt</translation>
    </message>
    <message>
      <source>Replace an existing dataset</source>
      <translation>Vorhandenen Datensatz ersetzen</translation>
    </message>
    <message>
      <source>Write anew over a dataset, finished or not, that is already in the folder</source>
      <translation>Einen Datensatz, der schon im Ordner liegt, ob fertig oder nicht, neu schreiben</translation>
    </message>
    <message>
      <source>Save Recipe…</source>
      <translation>Rezept speichern…</translation>
    </message>
    <message>
      <source>Write these choices and the labels as seen to files that “polychip run” takes</source>
      <translation>Diese Auswahl und die Labels, wie sie zu sehen sind, in Dateien schreiben, die „polychip run“ nimmt</translation>
    </message>
    <message>
      <source>Load Recipe…</source>
      <translation>Rezept laden…</translation>
    </message>
    <message>
      <source>Take the choices from a recipe</source>
      <translation>Die Auswahl aus einem Rezept übernehmen</translation>
    </message>
    <message>
      <source>Engine…</source>
      <translation>Rechenkern…</translation>
    </message>
    <message>
      <source>Open the settings in which the engine is set up</source>
      <translation>Die Einstellungen öffnen, in denen der Rechenkern eingerichtet wird</translation>
    </message>
    <message>
      <source>Export</source>
      <translation>Exportieren</translation>
    </message>
    <message>
      <source>Write the dataset</source>
      <translation>Den Datensatz schreiben</translation>
    </message>
    <message>
      <source>Input</source>
      <translation>Eingabe</translation>
    </message>
    <message>
      <source>Chips</source>
      <translation>Chips</translation>
    </message>
    <message>
      <source>Classes</source>
      <translation>Klassen</translation>
    </message>
    <message>
      <source>Splits</source>
      <translation>Aufteilung</translation>
    </message>
    <message>
      <source>Output</source>
      <translation>Ausgabe</translation>
    </message>
    <message>
      <source>Choose the imagery: load a raster file into the project.</source>
      <translation>Wählen Sie das Bild: Laden Sie eine Rasterdatei in das Projekt.</translation>
    </message>
    <message>
      <source>Choose the labels: load a polygon layer into the project.</source>
      <translation>Wählen Sie die Beschriftung: Laden Sie einen Polygonlayer in das Projekt.</translation>
    </message>
    <message>
      <source>Choose the field that holds each polygon’s class.</source>
      <translation>Wählen Sie das Feld mit der Klasse jedes Polygons.</translation>
    </message>
    <message>
      <source>Choose the folder for the dataset.</source>
      <translation>Wählen Sie den Ordner für den Datensatz.</translation>
    </message>
    <message>
      <source>Chips: {total} in {images} images</source>
      <translation>Chips: {total} in {images} Bildern</translation>
    </message>
    <message>
      <source>Semantic</source>
      <translation>Semantisch</translation>
    </message>
    <message>
      <source>Instance</source>
      <translation>Instanzen</translation>
    </message>
    <message>
      <source>Panoptic</source>
      <translation>Panoptisch</translation>
    </message>
    <message>
      <source>Reach beyond it (pad)</source>
      <translation>Reichen darüber hinaus (pad)</translation>
    </message>
    <message>
      <source>Move back inside (shift)</source>
      <translation>Rücken nach innen (shift)</translation>
    </message>
    <message>
      <source>Leave out (drop)</source>
      <translation>Entfallen (drop)</translation>
    </message>
    <message>
      <source>Instance field</source>
      <translation>Instanzfeld</translation>
    </message>
    <message>
      <source>Labelled extent</source>
      <translation>Beschriftete Fläche</translation>
    </message>
    <message>
      <source>Size</source>
      <translation>Größe</translation>
    </message>
    <message>
      <source>Stride</source>
      <translation>Schrittweite</translation>
    </message>
    <message>
      <source>Image edge</source>
      <translation>Bildrand</translation>
    </message>
    <message>
      <source>Folder</source>
      <translation>Ordner</translation>
    </message>
    <message>
      <source>Image: {width} × {height} pixels</source>
      <translation>Bild: {width} × {height} Pixel</translation>
    </message>
    <message>
      <source>Choose imagery to see the number of chips.</source>
      <translation>Wählen Sie ein Bild, um die Anzahl der Chips zu sehen.</translation>
    </message>
    <message>
      <source>“{name}” has no coordinate reference system; set it first.</source>
      <translation>„{name}“ hat kein Koordinatenbezugssystem; setzen Sie es zuerst.</translation>
    </message>
    <message>
      <source>“{name}” has no field “{field}”.</source>
      <translation>„{name}“ hat kein Feld „{field}“.</translation>
    </message>
    <message>
      <source>Merge annotators’ files</source>
      <translation>Dateien der Bearbeiter zusammenführen</translation>
    </message>
    <message>
      <source>Save first: the files are copies of what is saved.</source>
      <translation>Speichern Sie zuerst: Die Dateien sind Kopien des Gespeicherten.</translation>
    </message>
    <message>
      <source>Hand out cells first: no cell has an annotator.</source>
      <translation>Teilen Sie zuerst Zellen zu: Keine Zelle hat einen Bearbeiter.</translation>
    </message>
    <message>
      <source>{path} is in {crs}, the project in {other}.</source>
      <translation>{path} ist in {crs}, das Projekt in {other}.</translation>
    </message>
    <message>
      <source>{path} is there already; merge it or move it away first.</source>
      <translation>{path} gibt es schon; führen Sie die Datei erst zusammen oder verschieben Sie sie.</translation>
    </message>
    <message>
      <source>“{name}” of {path} has unsaved edits: save them first.</source>
      <translation>„{name}“ aus {path} hat ungespeicherte Änderungen: zuerst speichern.</translation>
    </message>
    <message>
      <source>{path} cannot be written: {reason}</source>
      <translation>{path} kann nicht geschrieben werden: {reason}</translation>
    </message>
    <message>
      <source>{path} lists no classes.</source>
      <translation>{path} nennt keine Klassen.</translation>
    </message>
    <message>
      <source>{path} has no column “name”; its first line must name the columns.</source>
      <translation>{path} hat keine Spalte „name“; die erste Zeile muss die Spalten nennen.</translation>
    </message>
    <message>
      <source>Class “{name}” has code {code}: names and codes must differ, and codes run from 1 to 255.</source>
      <translation>Klasse „{name}“ hat den Code {code}: Namen und Codes müssen verschieden sein, Codes gehen von 1 bis 255.</translation>
    </message>
    <message>
      <source>Class “{name}”: “{code}” is no whole number.</source>
      <translation>Klasse „{name}“: „{code}“ ist keine ganze Zahl.</translation>
    </message>
    <message>
      <source>{path} cannot be read: {reason}</source>
      <translation>{path} kann nicht gelesen werden: {reason}</translation>
    </message>
    <message>
      <source>{path} is no recipe: {reason}</source>
      <translation>{path} ist kein Rezept: {reason}</translation>
    </message>
    <message>
      <source>Merged, not saved yet: {added} new, {changed} changed polygons, {cells} cells, {renumbered} ids made anew.</source>
      <translation>Zusammengeführt, noch nicht gespeichert: {added} neue, {changed} geänderte Polygone, {cells} Zellen, {renumbered} neue Kennungen.</translation>
    </message>
    <message>
      <source>Hand Out Cells</source>
      <translation>Zellen zuteilen</translation>
    </message>
    <message>
      <source>Annotators, with commas between them</source>
      <translation>Bearbeiter, durch Kommas getrennt</translation>
    </message>
    <message>
      <source>Merge Annotators’ Files</source>
      <translation>Dateien der Bearbeiter zusammenführen</translation>
    </message>
    <message>
      <source>Annotator’s Name</source>
      <translation>Name des Bearbeiters</translation>
    </message>
    <message>
      <source>Written to each polygon that you draw</source>
      <translation>Steht in jedem Polygon, das Sie zeichnen</translation>
    </message>
    <message>
      <source>Bands of the Image</source>
      <translation>Bänder des Bildes</translation>
    </message>
    <message>
      <source>Numbers of the bands blue, green, red, near infrared; 0 for none</source>
      <translation>Nummern der Bänder Blau, Grün, Rot, nahes Infrarot; 0 für keines</translation>
    </message>
    <message>
      <source>{missing} polygons are in no file any more; they are selected.</source>
      <translation>{missing} Polygone sind in keiner Datei mehr; sie sind ausgewählt.</translation>
    </message>
    <message>
      <source>Choose the image under View first.</source>
      <translation>Wählen Sie zuerst unter Ansicht das Bild.</translation>
    </message>
    <message>
      <source>Cells handed out: {counts}</source>
      <translation>Zugeteilte Zellen: {counts}</translation>
    </message>
    <message>
      <source>Files for annotators: {names}. Each works on a disk of their own: a GeoPackage that several people write to on a network drive breaks.</source>
      <translation>Dateien der Bearbeiter: {names}. Jeder arbeitet auf der eigenen Festplatte: Ein GeoPackage, in das mehrere auf einem Netzlaufwerk schreiben, geht kaputt.</translation>
    </message>
    <message>
      <source>Four numbers from 0 to {count}, please.</source>
      <translation>Bitte vier Zahlen von 0 bis {count}.</translation>
    </message>
    <message>
      <source>{count} cells, recipe {recipe}. Draw with class keys; {key} marks a cell as done.</source>
      <translation>{count} Zellen, Rezept {recipe}. Zeichnen Sie mit den Klassentasten; {key} markiert eine Zelle als fertig.</translation>
    </message>
    <message>
      <source>Polychip Labels</source>
      <translation>Polychip-Beschriftung</translation>
    </message>
    <message>
      <source>Show or hide the palette for drawing labels</source>
      <translation>Palette zum Zeichnen der Beschriftung ein- oder ausblenden</translation>
    </message>
    <message>
      <source>{count} polygons were taken over; left out: {no_class} without a class, {no_area} without an area.</source>
      <translation>{count} Polygone wurden übernommen; ausgelassen: {no_class} ohne Klasse, {no_area} ohne Fläche.</translation>
    </message>
    <message>
      <source>The QGIS project could not be saved: {reason}</source>
      <translation>Das QGIS-Projekt konnte nicht gespeichert werden: {reason}</translation>
    </message>
    <message>
      <source>No cell is chosen: press Next first.</source>
      <translation>Keine Zelle ist gewählt: Drücken Sie zuerst Weiter.</translation>
    </message>
    <message>
      <source>The project has no task layer.</source>
      <translation>Das Projekt hat keinen Aufgabenlayer.</translation>
    </message>
    <message>
      <source>No cell is left to do.</source>
      <translation>Keine Zelle ist mehr zu tun.</translation>
    </message>
    <message>
      <source>There is no polygon to resume.</source>
      <translation>Es gibt kein Polygon zum Fortsetzen.</translation>
    </message>
    <message>
      <source>The polygon has no area.</source>
      <translation>Das Polygon hat keine Fläche.</translation>
    </message>
    <message>
      <source>The cell is full: nothing is left to fill.</source>
      <translation>Die Zelle ist voll: Es bleibt nichts zu füllen.</translation>
    </message>
    <message>
      <source>Fill the rest of the cell</source>
      <translation>Rest der Zelle füllen</translation>
    </message>
    <message>
      <source>The hole has no area.</source>
      <translation>Das Loch hat keine Fläche.</translation>
    </message>
    <message>
      <source>There is no polygon below the hole.</source>
      <translation>Unter dem Loch liegt kein Polygon.</translation>
    </message>
    <message>
      <source>Cut a hole</source>
      <translation>Loch schneiden</translation>
    </message>
    <message>
      <source>The line crosses no polygon from side to side.</source>
      <translation>Die Linie quert kein Polygon von Rand zu Rand.</translation>
    </message>
    <message>
      <source>Split</source>
      <translation>Teilen</translation>
    </message>
    <message>
      <source>Select at least two polygons to merge.</source>
      <translation>Wählen Sie mindestens zwei Polygone zum Vereinen aus.</translation>
    </message>
    <message>
      <source>Merge</source>
      <translation>Vereinen</translation>
    </message>
    <message>
      <source>Fix problems</source>
      <translation>Probleme beheben</translation>
    </message>
    <message>
      <source>Turn editing on first.</source>
      <translation>Schalten Sie zuerst die Bearbeitung ein.</translation>
    </message>
    <message>
      <source>QGIS refused the new polygon.</source>
      <translation>QGIS hat das neue Polygon abgelehnt.</translation>
    </message>
    <message>
      <source>Draw {class_name}</source>
      <translation>{class_name} zeichnen</translation>
    </message>
    <message>
      <source>Class {class_name}</source>
      <translation>Klasse {class_name}</translation>
    </message>
    <message>
      <source>QGIS refused to change polygon {fid}.</source>
      <translation>QGIS hat die Änderung von Polygon {fid} abgelehnt.</translation>
    </message>
    <message>
      <source>The GeoPackage {path} cannot be written: {reason}</source>
      <translation>Das GeoPackage {path} kann nicht geschrieben werden: {reason}</translation>
    </message>
    <message>
      <source>{path} is not there.</source>
      <translation>{path} ist nicht da.</translation>
    </message>
    <message>
      <source>True colour</source>
      <translation>Echtfarben</translation>
    </message>
    <message>
      <source>False colour</source>
      <translation>Falschfarben</translation>
    </message>
    <message>
      <source>Water index</source>
      <translation>Wasserindex</translation>
    </message>
    <message>
      <source>Water index of {name}</source>
      <translation>Wasserindex von {name}</translation>
    </message>
    <message>
      <source>Restore</source>
      <translation>Wiederherstellen</translation>
    </message>
    <message>
      <source>Polygon</source>
      <translation>Polygon</translation>
    </message>
    <message>
      <source>Draw a polygon by clicks; right click ends it</source>
      <translation>Ein Polygon durch Klicks zeichnen; Rechtsklick beendet es</translation>
    </message>
    <message>
      <source>Rectangle</source>
      <translation>Rechteck</translation>
    </message>
    <message>
      <source>Draw a rectangle by two clicks</source>
      <translation>Ein Rechteck durch zwei Klicks zeichnen</translation>
    </message>
    <message>
      <source>Circle</source>
      <translation>Kreis</translation>
    </message>
    <message>
      <source>Draw a circle: its middle, then its edge</source>
      <translation>Einen Kreis zeichnen: die Mitte, dann den Rand</translation>
    </message>
    <message>
      <source>Freehand</source>
      <translation>Freihand</translation>
    </message>
    <message>
      <source>Draw an outline with the button held down</source>
      <translation>Einen Umriss mit gedrückter Maustaste zeichnen</translation>
    </message>
    <message>
      <source>Re-class</source>
      <translation>Umklassen</translation>
    </message>
    <message>
      <source>A class key re-classes the polygon under the cursor; a click gives it the current class</source>
      <translation>Eine Klassentaste ändert die Klasse des Polygons unter dem Mauszeiger; ein Klick gibt ihm die aktuelle Klasse</translation>
    </message>
    <message>
      <source>Wand</source>
      <translation>Zauberstab</translation>
    </message>
    <message>
      <source>Click pixels that look alike, drag to change the tolerance; Shift adds, Alt or Ctrl takes away, Enter keeps, Esc gives up</source>
      <translation>Ähnliche Pixel anklicken, zum Ändern der Toleranz ziehen; Umschalt fügt hinzu, Alt oder Strg nimmt weg, Eingabe übernimmt, Esc verwirft</translation>
    </message>
    <message>
      <source>Preview</source>
      <translation>Vorschau</translation>
    </message>
    <message>
      <source>Show on the map what the threshold picks</source>
      <translation>Auf der Karte zeigen, was der Schwellenwert auswählt</translation>
    </message>
    <message>
      <source>Otsu</source>
      <translation>Otsu</translation>
    </message>
    <message>
      <source>The threshold that parts the map’s values best</source>
      <translation>Der Schwellenwert, der die Werte der Karte am besten trennt</translation>
    </message>
    <message>
      <source>Convert Cell</source>
      <translation>Zelle umwandeln</translation>
    </message>
    <message>
      <source>Make polygons of the current class inside the current cell; what is drawn stays</source>
      <translation>Polygone der aktuellen Klasse in der aktuellen Zelle anlegen; Gezeichnetes bleibt</translation>
    </message>
    <message>
      <source>Hole</source>
      <translation>Loch</translation>
    </message>
    <message>
      <source>Draw a hole into the selected polygons, or into all below</source>
      <translation>Ein Loch in die ausgewählten Polygone zeichnen, oder in alle darunter</translation>
    </message>
    <message>
      <source>Draw a line across a polygon; the largest piece keeps its id</source>
      <translation>Eine Linie quer durch ein Polygon zeichnen; das größte Stück behält die Kennung</translation>
    </message>
    <message>
      <source>Make one object of the selected polygons</source>
      <translation>Aus den ausgewählten Polygonen ein Objekt machen</translation>
    </message>
    <message>
      <source>Fill Rest</source>
      <translation>Rest füllen</translation>
    </message>
    <message>
      <source>Fill what no polygon of the current cell covers with the current class</source>
      <translation>Was in der aktuellen Zelle kein Polygon bedeckt, mit der aktuellen Klasse füllen</translation>
    </message>
    <message>
      <source>Resume</source>
      <translation>Fortsetzen</translation>
    </message>
    <message>
      <source>Go on with the polygon that was given up last</source>
      <translation>Mit dem zuletzt aufgegebenen Polygon weitermachen</translation>
    </message>
    <message>
      <source>Next Rule</source>
      <translation>Nächste Regel</translation>
    </message>
    <message>
      <source>What happens where polygons meet</source>
      <translation>Was geschieht, wo Polygone sich treffen</translation>
    </message>
    <message>
      <source>Extend</source>
      <translation>Erweitern</translation>
    </message>
    <message>
      <source>Drawing over the same class makes one polygon of both</source>
      <translation>Über dieselbe Klasse gezeichnet wird aus beiden ein Polygon</translation>
    </message>
    <message>
      <source>Search Class</source>
      <translation>Klasse suchen</translation>
    </message>
    <message>
      <source>Choose a class by typing</source>
      <translation>Eine Klasse durch Tippen wählen</translation>
    </message>
    <message>
      <source>Hide (Hold)</source>
      <translation>Ausblenden (halten)</translation>
    </message>
    <message>
      <source>Hide all labels while the key is held</source>
      <translation>Alle Beschriftung ausblenden, solange die Taste gehalten wird</translation>
    </message>
    <message>
      <source>Outline</source>
      <translation>Umriss</translation>
    </message>
    <message>
      <source>Outlines alone, or filled</source>
      <translation>Nur Umrisse, oder gefüllt</translation>
    </message>
    <message>
      <source>Flicker</source>
      <translation>Blinkvergleich</translation>
    </message>
    <message>
      <source>Change between the two dates</source>
      <translation>Zwischen den beiden Zeitpunkten wechseln</translation>
    </message>
    <message>
      <source>Bands</source>
      <translation>Bänder</translation>
    </message>
    <message>
      <source>True colour, false colour, water index: the next one</source>
      <translation>Echtfarben, Falschfarben, Wasserindex: das nächste</translation>
    </message>
    <message>
      <source>Stretch</source>
      <translation>Strecken</translation>
    </message>
    <message>
      <source>Stretch brightness to what the view shows</source>
      <translation>Helligkeit auf den sichtbaren Ausschnitt strecken</translation>
    </message>
    <message>
      <source>Previous</source>
      <translation>Zurück</translation>
    </message>
    <message>
      <source>Go to the cell before</source>
      <translation>Zur Zelle davor gehen</translation>
    </message>
    <message>
      <source>Next</source>
      <translation>Weiter</translation>
    </message>
    <message>
      <source>Go to the next cell that is not done</source>
      <translation>Zur nächsten Zelle gehen, die nicht fertig ist</translation>
    </message>
    <message>
      <source>Done</source>
      <translation>Fertig</translation>
    </message>
    <message>
      <source>The cell is done: what has no polygon is verified background. Again: not done</source>
      <translation>Die Zelle ist fertig: Was kein Polygon hat, ist geprüfter Hintergrund. Noch einmal: nicht fertig</translation>
    </message>
    <message>
      <source>Unsure</source>
      <translation>Unsicher</translation>
    </message>
    <message>
      <source>The cell wants another look; add a note</source>
      <translation>Die Zelle braucht einen zweiten Blick; mit Notiz</translation>
    </message>
    <message>
      <source>Next Problem</source>
      <translation>Nächstes Problem</translation>
    </message>
    <message>
      <source>Go to the next problem that the quick checks have found</source>
      <translation>Zum nächsten Problem gehen, das die Schnellprüfungen gefunden haben</translation>
    </message>
    <message>
      <source>Accept</source>
      <translation>Annehmen</translation>
    </message>
    <message>
      <source>Take the proposal under the cursor over</source>
      <translation>Den Vorschlag unter dem Mauszeiger übernehmen</translation>
    </message>
    <message>
      <source>Accept All</source>
      <translation>Alle annehmen</translation>
    </message>
    <message>
      <source>Take all proposals of the cell over</source>
      <translation>Alle Vorschläge der Zelle übernehmen</translation>
    </message>
    <message>
      <source>Reject</source>
      <translation>Ablehnen</translation>
    </message>
    <message>
      <source>Propose what is under the cursor no more</source>
      <translation>Was unter dem Mauszeiger liegt, nicht mehr vorschlagen</translation>
    </message>
    <message>
      <source>Reject All</source>
      <translation>Alle ablehnen</translation>
    </message>
    <message>
      <source>Propose what is in the cell no more</source>
      <translation>Was in der Zelle liegt, nicht mehr vorschlagen</translation>
    </message>
    <message>
      <source>Accept and Edit</source>
      <translation>Annehmen und bearbeiten</translation>
    </message>
    <message>
      <source>Take the proposal under the cursor over, and its corners in hand</source>
      <translation>Den Vorschlag unter dem Mauszeiger übernehmen und seine Ecken in die Hand nehmen</translation>
    </message>
    <message>
      <source>Class {number}</source>
      <translation>Klasse {number}</translation>
    </message>
    <message>
      <source>Label: {title}</source>
      <translation>Beschriften: {title}</translation>
    </message>
    <message>
      <source>{path} has no layer “{name}”.</source>
      <translation>{path} hat keinen Layer „{name}“.</translation>
    </message>
    <message>
      <source>Tick at least one image to be labelled.</source>
      <translation>Haken Sie mindestens ein Bild an, das beschriftet werden soll.</translation>
    </message>
    <message>
      <source>Choose a class list.</source>
      <translation>Wählen Sie eine Klassenliste.</translation>
    </message>
    <message>
      <source>No whole cell fits on the image; choose smaller cells.</source>
      <translation>Keine ganze Zelle passt auf das Bild; wählen Sie kleinere Zellen.</translation>
    </message>
    <message>
      <source>{path} is there already; choose another folder or name.</source>
      <translation>{path} gibt es schon; wählen Sie einen anderen Ordner oder Namen.</translation>
    </message>
    <message>
      <source>“{one}” is in {crs}, “{other}” in {other_crs}: make a project for each.</source>
      <translation>„{one}“ ist in {crs}, „{other}“ in {other_crs}: Legen Sie für jedes ein Projekt an.</translation>
    </message>
    <message>
      <source>Cells of {size} pixels on “{name}” would be {count}, at most {most} are allowed; choose larger cells.</source>
      <translation>Zellen von {size} Pixeln wären auf „{name}“ {count}, höchstens {most} sind erlaubt; wählen Sie größere Zellen.</translation>
    </message>
    <message>
      <source>The style of “{name}” was not saved: {reason}</source>
      <translation>Der Stil von „{name}“ wurde nicht gespeichert: {reason}</translation>
    </message>
    <message>
      <source>New Labelling Project…</source>
      <translation>Neues Beschriftungsprojekt…</translation>
    </message>
    <message>
      <source>Make a GeoPackage, a task grid and a recipe for the imagery that is loaded</source>
      <translation>GeoPackage, Aufgabenraster und Rezept für die geladenen Bilder anlegen</translation>
    </message>
    <message>
      <source>Start Drawing</source>
      <translation>Zeichnen beginnen</translation>
    </message>
    <message>
      <source>Edit the labels and take the polygon tool</source>
      <translation>Die Beschriftung bearbeiten und das Polygonwerkzeug nehmen</translation>
    </message>
    <message>
      <source>Save</source>
      <translation>Speichern</translation>
    </message>
    <message>
      <source>Save labels, tasks and extent; nothing else ever does</source>
      <translation>Beschriftung, Aufgaben und Ausdehnung speichern; sonst tut es nichts</translation>
    </message>
    <message>
      <source>More</source>
      <translation>Mehr</translation>
    </message>
    <message>
      <source>Annotators, files, bands</source>
      <translation>Bearbeiter, Dateien, Bänder</translation>
    </message>
    <message>
      <source>The class that is drawn now</source>
      <translation>Die Klasse, die jetzt gezeichnet wird</translation>
    </message>
    <message>
      <source>Type a class, Enter takes it</source>
      <translation>Klasse tippen, Enter nimmt sie</translation>
    </message>
    <message>
      <source>Click a class to draw it</source>
      <translation>Eine Klasse anklicken, um sie zu zeichnen</translation>
    </message>
    <message>
      <source>Opacity of the labels</source>
      <translation>Deckkraft der Beschriftung</translation>
    </message>
    <message>
      <source>Status of the current cell</source>
      <translation>Status der aktuellen Zelle</translation>
    </message>
    <message>
      <source>Note on the cell</source>
      <translation>Notiz zur Zelle</translation>
    </message>
    <message>
      <source>Which cell is the next one</source>
      <translation>Welche Zelle die nächste ist</translation>
    </message>
    <message>
      <source>Snake</source>
      <translation>Schlangenlinie</translation>
    </message>
    <message>
      <source>Least done first</source>
      <translation>Am wenigsten Bearbeitete zuerst</translation>
    </message>
    <message>
      <source>What the colours of the cells say</source>
      <translation>Was die Farben der Zellen sagen</translation>
    </message>
    <message>
      <source>Cells by status</source>
      <translation>Zellen nach Status</translation>
    </message>
    <message>
      <source>Under-labelled cells</source>
      <translation>Zu wenig beschriftete Zellen</translation>
    </message>
    <message>
      <source>Hand Out Cells…</source>
      <translation>Zellen zuteilen…</translation>
    </message>
    <message>
      <source>Write a File for Each Annotator</source>
      <translation>Je Bearbeiter eine Datei schreiben</translation>
    </message>
    <message>
      <source>Merge Annotators’ Files…</source>
      <translation>Dateien der Bearbeiter zusammenführen…</translation>
    </message>
    <message>
      <source>Annotator’s Name…</source>
      <translation>Name des Bearbeiters…</translation>
    </message>
    <message>
      <source>Bands of the Image…</source>
      <translation>Bänder des Bildes…</translation>
    </message>
    <message>
      <source>Propose Labels From a Layer…</source>
      <translation>Labels aus einem Layer vorschlagen…</translation>
    </message>
    <message>
      <source>List of Problems</source>
      <translation>Liste der Probleme</translation>
    </message>
    <message>
      <source>Check Before Export</source>
      <translation>Vor dem Export prüfen</translation>
    </message>
    <message>
      <source>Key</source>
      <translation>Taste</translation>
    </message>
    <message>
      <source>Objects</source>
      <translation>Objekte</translation>
    </message>
    <message>
      <source>Area</source>
      <translation>Fläche</translation>
    </message>
    <message>
      <source>Overlap</source>
      <translation>Überlappen</translation>
    </message>
    <message>
      <source>Both stay; the order of the classes decides in the masks</source>
      <translation>Beide bleiben; in den Masken entscheidet die Reihenfolge der Klassen</translation>
    </message>
    <message>
      <source>Give way</source>
      <translation>Ausweichen</translation>
    </message>
    <message>
      <source>The new polygon stops at the old; inside one it is cut in</source>
      <translation>Das neue Polygon endet am alten; in einem alten wird es ausgeschnitten</translation>
    </message>
    <message>
      <source>Take the ground</source>
      <translation>Fläche nehmen</translation>
    </message>
    <message>
      <source>The new polygon is cut out of what lies below</source>
      <translation>Das neue Polygon wird aus dem ausgeschnitten, was darunter liegt</translation>
    </message>
    <message>
      <source>The image that is drawn from</source>
      <translation>Das Bild, nach dem gezeichnet wird</translation>
    </message>
    <message>
      <source>The other date</source>
      <translation>Der andere Zeitpunkt</translation>
    </message>
    <message>
      <source>Draw</source>
      <translation>Zeichnen</translation>
    </message>
    <message>
      <source>Tasks</source>
      <translation>Aufgaben</translation>
    </message>
    <message>
      <source>View</source>
      <translation>Ansicht</translation>
    </message>
    <message>
      <source>Proposals</source>
      <translation>Vorschläge</translation>
    </message>
    <message>
      <source>No cell: press Next.</source>
      <translation>Keine Zelle: Drücken Sie Weiter.</translation>
    </message>
    <message>
      <source>Stop Drawing</source>
      <translation>Zeichnen beenden</translation>
    </message>
    <message>
      <source>Objects: {count}</source>
      <translation>Objekte: {count}</translation>
    </message>
    <message>
      <source>Cell {cell}</source>
      <translation>Zelle {cell}</translation>
    </message>
    <message>
      <source>Opacity</source>
      <translation>Deckkraft</translation>
    </message>
    <message>
      <source>QGIS ended with unsaved labels in “{name}”. They are kept.</source>
      <translation>QGIS endete mit ungespeicherter Beschriftung in „{name}“. Sie ist noch da.</translation>
    </message>
    <message>
      <source>Restored: {added} new, {changed} changed, {deleted} deleted.</source>
      <translation>Wiederhergestellt: {added} neu, {changed} geändert, {deleted} gelöscht.</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>Verwerfen</translation>
    </message>
    <message>
      <source>{lost} edits were of polygons that are gone.</source>
      <translation>{lost} Änderungen galten Polygonen, die es nicht mehr gibt.</translation>
    </message>
    <message>
      <source>The recovery file cannot be read: {reason}</source>
      <translation>Die Sicherungsdatei kann nicht gelesen werden: {reason}</translation>
    </message>
    <message>
      <source>Pre-labels</source>
      <translation>Vor-Label</translation>
    </message>
    <message>
      <source>The recovery file cannot be written: {reason}</source>
      <translation>Die Sicherungsdatei kann nicht geschrieben werden: {reason}</translation>
    </message>
    <message>
      <source>New Labelling Project</source>
      <translation>Neues Beschriftungsprojekt</translation>
    </message>
    <message>
      <source>Tick the images to be labelled; other dates are for looking and stay unticked</source>
      <translation>Haken Sie die Bilder an, die beschriftet werden; andere Zeitpunkte sind zum Ansehen da und bleiben leer</translation>
    </message>
    <message>
      <source>Where the classes come from</source>
      <translation>Woher die Klassen kommen</translation>
    </message>
    <message>
      <source>The first wins where polygons overlap</source>
      <translation>Die erste gewinnt, wo Polygone überlappen</translation>
    </message>
    <message>
      <source>Nothing: an empty layer</source>
      <translation>Nichts: ein leerer Layer</translation>
    </message>
    <message>
      <source>Polygons that are copied into the project: another layer’s, or an earlier date’s</source>
      <translation>Polygone, die ins Projekt kopiert werden: eines anderen Layers oder eines früheren Zeitpunkts</translation>
    </message>
    <message>
      <source>Side of a cell; a cell is one chip of the dataset</source>
      <translation>Seite einer Zelle; eine Zelle ist ein Chip des Datensatzes</translation>
    </message>
    <message>
      <source>What the last cells do where the image ends</source>
      <translation>Was die letzten Zellen tun, wo das Bild endet</translation>
    </message>
    <message>
      <source>Cells in review count as done</source>
      <translation>Zellen in Durchsicht gelten als fertig</translation>
    </message>
    <message>
      <source>Otherwise the dataset ignores them until they are done</source>
      <translation>Sonst lässt der Datensatz sie aus, bis sie fertig sind</translation>
    </message>
    <message>
      <source>Labels, extent and tasks; keep it on a disk of this computer, not on a share</source>
      <translation>Beschriftung, Ausdehnung und Aufgaben; auf einer Platte dieses Rechners, nicht auf einer Freigabe</translation>
    </message>
    <message>
      <source>Save the QGIS project beside it</source>
      <translation>Das QGIS-Projekt daneben speichern</translation>
    </message>
    <message>
      <source>So that the next time opens with the same layers, cell and class</source>
      <translation>Damit das nächste Mal dieselben Layer, Zelle und Klasse da sind</translation>
    </message>
    <message>
      <source>Start Labelling</source>
      <translation>Beschriften beginnen</translation>
    </message>
    <message>
      <source>Write GeoPackage and recipe, and begin to draw</source>
      <translation>GeoPackage und Rezept schreiben und mit dem Zeichnen beginnen</translation>
    </message>
    <message>
      <source>Choose where the GeoPackage is written to.</source>
      <translation>Wählen Sie, wohin das GeoPackage geschrieben wird.</translation>
    </message>
    <message>
      <source>From a recipe…</source>
      <translation>Aus einem Rezept…</translation>
    </message>
    <message>
      <source>From a table (CSV)…</source>
      <translation>Aus einer Tabelle (CSV)…</translation>
    </message>
    <message>
      <source>From the field of the layer below</source>
      <translation>Aus dem Feld des Layers unten</translation>
    </message>
    <message>
      <source>Cells</source>
      <translation>Zellen</translation>
    </message>
    <message>
      <source>Project</source>
      <translation>Projekt</translation>
    </message>
    <message>
      <source>Begin With</source>
      <translation>Beginnen mit</translation>
    </message>
    <message>
      <source>Cells: {count}</source>
      <translation>Zellen: {count}</translation>
    </message>
    <message>
      <source>GeoPackage</source>
      <translation>GeoPackage</translation>
    </message>
    <message>
      <source>Annotator</source>
      <translation>Bearbeiter</translation>
    </message>
    <message>
      <source>Layer</source>
      <translation>Layer</translation>
    </message>
    <message>
      <source>{class_name} (ignored in training)</source>
      <translation>{class_name} (im Training ausgelassen)</translation>
    </message>
    <message>
      <source>To do</source>
      <translation>Zu tun</translation>
    </message>
    <message>
      <source>Doing</source>
      <translation>In Arbeit</translation>
    </message>
    <message>
      <source>Review</source>
      <translation>Durchsicht</translation>
    </message>
    <message>
      <source>Skip</source>
      <translation>Auslassen</translation>
    </message>
    <message>
      <source>OK</source>
      <translation>In Ordnung</translation>
    </message>
    <message>
      <source>Carried over</source>
      <translation>Übernommen</translation>
    </message>
    <message>
      <source>The notes in {path} cannot be read or written: {reason}</source>
      <translation>Die Notizen in {path} können nicht gelesen oder geschrieben werden: {reason}</translation>
    </message>
    <message>
      <source>Hand out cells</source>
      <translation>Zellen zuteilen</translation>
    </message>
    <message>
      <source>Cell {status}</source>
      <translation>Zelle {status}</translation>
    </message>
    <message>
      <source>Flood and disaster</source>
      <translation>Flut und Katastrophe</translation>
    </message>
    <message>
      <source>Buildings</source>
      <translation>Gebäude</translation>
    </message>
    <message>
      <source>Land cover</source>
      <translation>Landbedeckung</translation>
    </message>
    <message>
      <source>Agriculture</source>
      <translation>Landwirtschaft</translation>
    </message>
    <message>
      <source>Construction site</source>
      <translation>Baustelle</translation>
    </message>
    <message>
      <source>Done, but hardly a polygon</source>
      <translation>Fertig, aber kaum ein Polygon</translation>
    </message>
    <message>
      <source>Other cells</source>
      <translation>Andere Zellen</translation>
    </message>
    <message>
      <source>Load a second date and choose it under View.</source>
      <translation>Laden Sie einen zweiten Zeitpunkt und wählen Sie ihn unter Ansicht.</translation>
    </message>
    <message>
      <source>The image has too few bands.</source>
      <translation>Das Bild hat zu wenige Bänder.</translation>
    </message>
    <message>
      <source>The engine is missing: set it up in the settings.</source>
      <translation>Der Rechenkern fehlt: Richten Sie ihn in den Einstellungen ein.</translation>
    </message>
    <message>
      <source>There is no engine at “{path}”; correct the path in the settings.</source>
      <translation>Unter „{path}“ ist kein Rechenkern; berichtigen Sie den Pfad in den Einstellungen.</translation>
    </message>
    <message>
      <source>{path} cannot be written: choose a GeoPackage (.gpkg).</source>
      <translation>{path} kann nicht geschrieben werden: ein GeoPackage (.gpkg) wählen.</translation>
    </message>
    <message>
      <source>The engine did not answer within {seconds} seconds.</source>
      <translation>Der Rechenkern hat innerhalb von {seconds} Sekunden nicht geantwortet.</translation>
    </message>
    <message>
      <source>The engine crashed when it was asked for its version.</source>
      <translation>Der Rechenkern ist abgestürzt, als er nach seiner Version gefragt wurde.</translation>
    </message>
    <message>
      <source>The engine could not be started: {reason}.</source>
      <translation>Der Rechenkern konnte nicht gestartet werden: {reason}.</translation>
    </message>
    <message>
      <source>The program answered, but not as Polychip’s engine does.</source>
      <translation>Das Programm hat geantwortet, aber nicht wie der Rechenkern von Polychip.</translation>
    </message>
    <message>
      <source>The engine ended with exit code {code}.</source>
      <translation>Der Rechenkern endete mit dem Rückgabewert {code}.</translation>
    </message>
    <message>
      <source>Engine {engine} does not go with plugin {plugin}: install the engine anew in the settings, or update the plugin.</source>
      <translation>Rechenkern {engine} passt nicht zur Erweiterung {plugin}: Installieren Sie den Rechenkern in den Einstellungen neu, oder aktualisieren Sie die Erweiterung.</translation>
    </message>
    <message>
      <source>Polychip engine {version} is ready.</source>
      <translation>Der Rechenkern von Polychip {version} ist bereit.</translation>
    </message>
    <message>
      <source>Polychip engine {version} is installed.</source>
      <translation>Der Polychip-Rechenkern {version} ist installiert.</translation>
    </message>
    <message>
      <source>pip could not install the engine; see the diagnostics.</source>
      <translation>pip konnte den Rechenkern nicht installieren; siehe die Diagnose.</translation>
    </message>
    <message>
      <source>“{path}” is no folder; choose the folder that holds the wheels.</source>
      <translation>„{path}“ ist kein Ordner; wählen Sie den Ordner mit den Wheels.</translation>
    </message>
    <message>
      <source>Looking for a Python…</source>
      <translation>Ein Python wird gesucht…</translation>
    </message>
    <message>
      <source>No Python {oldest} to {newest} with venv was found. Install one from python.org or with the system’s packages (python3 and python3-venv), then try again.</source>
      <translation>Kein Python {oldest} bis {newest} mit venv gefunden. Installieren Sie eines von python.org oder aus den Paketen des Systems (python3 und python3-venv), und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
      <source>Making the environment…</source>
      <translation>Die Umgebung wird angelegt…</translation>
    </message>
    <message>
      <source>The environment could not be made in {folder}; see the diagnostics.</source>
      <translation>Die Umgebung konnte in {folder} nicht angelegt werden; siehe die Diagnose.</translation>
    </message>
    <message>
      <source>Installing the engine…</source>
      <translation>Der Rechenkern wird installiert…</translation>
    </message>
    <message>
      <source>Trying the engine…</source>
      <translation>Der Rechenkern wird probiert…</translation>
    </message>
    <message>
      <source>The disk is full; the environment needs about 1 GB.</source>
      <translation>Die Platte ist voll; die Umgebung braucht etwa 1 GB.</translation>
    </message>
    <message>
      <source>The installation was cancelled.</source>
      <translation>Die Installation wurde abgebrochen.</translation>
    </message>
    <message>
      <source>The engine was installed but does not start; see the diagnostics.</source>
      <translation>Der Rechenkern wurde installiert, startet aber nicht; siehe die Diagnose.</translation>
    </message>
    <message>
      <source>The environment could not be put in its place: {reason}</source>
      <translation>Die Umgebung konnte nicht an ihren Platz gebracht werden: {reason}</translation>
    </message>
    <message>
      <source>The package registry has no {name}; check network and proxy (Settings ▸ Options ▸ Network), or install from a folder of wheels.</source>
      <translation>Das Paketverzeichnis hat kein {name}; prüfen Sie Netz und Proxy (Einstellungen ▸ Optionen ▸ Netzwerk), oder installieren Sie aus einem Ordner mit Wheels.</translation>
    </message>
    <message>
      <source>The folder of wheels lacks {name} for this Python and system; add it and try again.</source>
      <translation>Im Ordner mit den Wheels fehlt {name} für dieses Python und System; ergänzen Sie es, und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
      <source>The engine was ended or crashed in the middle of the export.</source>
      <translation>Der Rechenkern wurde mitten im Export beendet oder ist abgestürzt.</translation>
    </message>
    <message>
      <source>The engine could not be started.</source>
      <translation>Der Rechenkern konnte nicht gestartet werden.</translation>
    </message>
    <message>
      <source>The engine was ended.</source>
      <translation>Der Rechenkern wurde beendet.</translation>
    </message>
    <message>
      <source>The engine was ended or crashed.</source>
      <translation>Der Rechenkern wurde beendet oder ist abgestürzt.</translation>
    </message>
    <message>
      <source>Export chips</source>
      <translation>Chips exportieren</translation>
    </message>
    <message>
      <source>Training chips and masks from a raster and polygons</source>
      <translation>Trainingschips und Masken aus einem Raster und Polygonen</translation>
    </message>
    <message>
      <source>Cuts a raster into chips and burns the polygons into masks that agree with them at every pixel centre. Labels and extent are exported as they are seen: with unsaved edits, filters and joins.

Beside the dataset’s folder two files are kept: the labels as they were seen (-labels.gpkg) and the recipe (-recipe.toml), with which “polychip run” builds the dataset again without QGIS.

A dataset that is already there is left alone, unless you choose to resume or to replace it. The engine is set up in Settings ▸ Options ▸ Polychip.</source>
      <translation>Zerlegt ein Raster in Chips und brennt die Polygone in Masken, die an jeder Pixelmitte mit ihnen übereinstimmen. Beschriftung und beschriftete Fläche werden so exportiert, wie sie zu sehen sind: mit ungespeicherten Änderungen, Filtern und Verknüpfungen.

Neben dem Ordner des Datensatzes bleiben zwei Dateien: die Beschriftung, wie sie zu sehen war (-labels.gpkg), und das Rezept (-recipe.toml), mit dem „polychip run“ den Datensatz ohne QGIS noch einmal baut.

Ein schon vorhandener Datensatz bleibt unberührt, außer Sie lassen ihn fortsetzen oder ersetzen. Der Rechenkern wird unter Einstellungen ▸ Optionen ▸ Polychip eingerichtet.</translation>
    </message>
    <message>
      <source>Reading the labels…</source>
      <translation>Die Beschriftung wird gelesen…</translation>
    </message>
    <message>
      <source>If a dataset is already there (new: stop)</source>
      <translation>Wenn schon ein Datensatz da ist (new: anhalten)</translation>
    </message>
    <message>
      <source>Recipe</source>
      <translation>Rezept</translation>
    </message>
    <message>
      <source>Report</source>
      <translation>Bericht</translation>
    </message>
    <message>
      <source>Export cancelled. What is finished is kept and can be resumed.</source>
      <translation>Export abgebrochen. Was fertig ist, bleibt erhalten und kann fortgesetzt werden.</translation>
    </message>
    <message>
      <source>Export cancelled.</source>
      <translation>Export abgebrochen.</translation>
    </message>
    <message>
      <source>This folder holds an unfinished export: resume it, or tick “Replace”.</source>
      <translation>In diesem Ordner liegt ein unfertiger Export: fortsetzen oder „Vorhandenen Datensatz ersetzen“ ankreuzen.</translation>
    </message>
    <message>
      <source>Export cancelled. Export again to resume it.</source>
      <translation>Export abgebrochen. Zum Fortsetzen noch einmal exportieren.</translation>
    </message>
    <message>
      <source>This folder holds a finished dataset: tick “Replace”, or choose another.</source>
      <translation>In diesem Ordner liegt ein fertiger Datensatz: „Vorhandenen Datensatz ersetzen“ ankreuzen oder anderen Ordner wählen.</translation>
    </message>
    <message>
      <source>Copy Diagnostics</source>
      <translation>Diagnose kopieren</translation>
    </message>
    <message>
      <source>Resume Export</source>
      <translation>Export fortsetzen</translation>
    </message>
    <message>
      <source>{chips} chips written in {time}.</source>
      <translation>{chips} Chips in {time} geschrieben.</translation>
    </message>
    <message>
      <source>Show Report</source>
      <translation>Bericht zeigen</translation>
    </message>
    <message>
      <source>Open Folder</source>
      <translation>Ordner öffnen</translation>
    </message>
    <message>
      <source>Export again to resume it.</source>
      <translation>Zum Fortsetzen noch einmal exportieren.</translation>
    </message>
    <message>
      <source>Show Log</source>
      <translation>Protokoll zeigen</translation>
    </message>
    <message>
      <source>{n} chips failed; see the log messages.</source>
      <translation>{n} Chips sind misslungen; siehe Protokoll.</translation>
    </message>
    <message>
      <source>Warnings: {n}; see the log messages.</source>
      <translation>Warnungen: {n}; siehe Protokoll.</translation>
    </message>
    <message>
      <source>A chosen layer is no longer in the project.</source>
      <translation>Ein gewählter Layer ist nicht mehr im Projekt.</translation>
    </message>
    <message>
      <source>The unfinished export cannot be resumed: labels or choices have changed since it began. Choose to replace an existing dataset.</source>
      <translation>Der unfertige Export kann nicht fortgesetzt werden: Beschriftung oder Auswahl haben sich seit seinem Beginn geändert. Lassen Sie den vorhandenen Datensatz ersetzen.</translation>
    </message>
    <message>
      <source>“{path}” is not the whole path of a folder; choose the folder again.</source>
      <translation>„{path}“ ist kein vollständiger Pfad eines Ordners; wählen Sie den Ordner neu.</translation>
    </message>
    <message>
      <source>A finished dataset is in {folder}. Choose to replace an existing dataset, or choose another folder.</source>
      <translation>In {folder} liegt ein fertiger Datensatz. Lassen Sie den vorhandenen Datensatz ersetzen, oder wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
      <source>An unfinished export is in {folder}. Resume it, or choose to replace an existing dataset.</source>
      <translation>In {folder} liegt ein unfertiger Export. Setzen Sie ihn fort, oder lassen Sie den vorhandenen Datensatz ersetzen.</translation>
    </message>
    <message>
      <source>A file of the export cannot be written: {reason}</source>
      <translation>Eine Datei des Exports kann nicht geschrieben werden: {reason}</translation>
    </message>
    <message>
      <source>The layer “{name}” shows {file}, which this export would replace; remove the layer from the project, or choose another folder.</source>
      <translation>Der Layer „{name}“ zeigt {file}, das dieser Export ersetzen würde; entfernen Sie den Layer aus dem Projekt, oder wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
      <source>Reading the labels</source>
      <translation>Beschriftung lesen</translation>
    </message>
    <message>
      <source>Reading the labels failed: {reason}</source>
      <translation>Das Lesen der Beschriftung ist misslungen: {reason}</translation>
    </message>
    <message>
      <source>What the dataset is written as besides its own format</source>
      <translation>Worin der Datensatz außer im eigenen Format noch geschrieben wird</translation>
    </message>
    <message>
      <source>Tick further images: each becomes a scene with the same labels; images on one grid count as dates of one place</source>
      <translation>Weitere Bilder anhaken: Jedes wird eine Szene mit denselben Labels; Bilder auf einem Gitter gelten als Zeitpunkte eines Ortes</translation>
    </message>
    <message>
      <source>Chips of {dataset}</source>
      <translation>Chips von {dataset}</translation>
    </message>
    <message>
      <source>The chips could not be put on the map: {reason}</source>
      <translation>Die Chips konnten nicht auf die Karte gebracht werden: {reason}</translation>
    </message>
    <message>
      <source>Recipe, for its classes</source>
      <translation>Rezept, für seine Klassen</translation>
    </message>
    <message>
      <source>Figures</source>
      <translation>Zahlen</translation>
    </message>
    <message>
      <source>The engine is at work…</source>
      <translation>Die Engine arbeitet…</translation>
    </message>
    <message>
      <source>Select the Engine’s Environment</source>
      <translation>Umgebung des Rechenkerns wählen</translation>
    </message>
    <message>
      <source>Folder of the Python environment that holds polychip, or the polychip program itself; empty to look in the usual places</source>
      <translation>Ordner der Python-Umgebung, die polychip enthält, oder das Programm polychip selbst; leer: an den üblichen Orten suchen</translation>
    </message>
    <message>
      <source>Test Engine</source>
      <translation>Rechenkern testen</translation>
    </message>
    <message>
      <source>Start the engine once and show its version</source>
      <translation>Den Rechenkern einmal starten und seine Version zeigen</translation>
    </message>
    <message>
      <source>Copy what a bug report needs to the clipboard</source>
      <translation>In die Zwischenablage kopieren, was ein Fehlerbericht braucht</translation>
    </message>
    <message>
      <source>Install Engine</source>
      <translation>Rechenkern installieren</translation>
    </message>
    <message>
      <source>Make an environment for the engine and install it there; QGIS’s own stays as it is</source>
      <translation>Eine Umgebung für den Rechenkern anlegen und ihn dort installieren; die von QGIS bleibt, wie sie ist</translation>
    </message>
    <message>
      <source>Select the Folder of Wheels</source>
      <translation>Ordner mit den Wheels wählen</translation>
    </message>
    <message>
      <source>A folder with downloaded packages; empty: the package registry</source>
      <translation>Ein Ordner mit heruntergeladenen Paketen; leer: das Paketverzeichnis</translation>
    </message>
    <message>
      <source>Use nothing but this folder (offline)</source>
      <translation>Nur diesen Ordner verwenden (offline)</translation>
    </message>
    <message>
      <source>Install without a network</source>
      <translation>Ohne Netz installieren</translation>
    </message>
    <message>
      <source>Engine</source>
      <translation>Rechenkern</translation>
    </message>
    <message>
      <source>Folder of wheels</source>
      <translation>Ordner mit Wheels</translation>
    </message>
    <message>
      <source>Environment or program</source>
      <translation>Umgebung oder Programm</translation>
    </message>
    <message>
      <source>Diagnostics</source>
      <translation>Diagnose</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Abbrechen</translation>
    </message>
    <message>
      <source>Starting the engine…</source>
      <translation>Der Rechenkern wird gestartet…</translation>
    </message>
    <message>
      <source>The engine cuts the chips. It runs outside QGIS, in a Python environment of its own (Python 3.11 to 3.13). To make one by hand: “{venv}”, then “{pip}”, and choose the folder polychip-engine here.</source>
      <translation>Der Rechenkern schneidet die Chips. Er läuft außerhalb von QGIS, in einer eigenen Python-Umgebung (Python 3.11 bis 3.13). Von Hand wird sie so angelegt: „{venv}“, dann „{pip}“; danach wählen Sie hier den Ordner polychip-engine.</translation>
    </message>
    <message>
      <source>Plan chips</source>
      <translation>Chips planen</translation>
    </message>
    <message>
      <source>What an export would give: chips, splits, classes, warnings</source>
      <translation>Was ein Export ergäbe: Chips, Aufteilung, Klassen, Warnungen</translation>
    </message>
    <message>
      <source>Asks the engine what an export of these layers would give, and writes one polygon a chip with its split and, where a chip would be left out, the reason. Classes, counts and warnings are in the log. Nothing else is written.

Without “Read the imagery” all pixels count as valid, which is quick; with it nothing is estimated.

Split: none, blocks (of neighbouring chips), random, scene, or field:NAME of the labelled extent.</source>
      <translation>Fragt den Rechenkern, was ein Export dieser Layer ergäbe, und schreibt für jeden Chip ein Polygon mit seiner Aufteilung und, wo ein Chip ausgelassen würde, dem Grund. Klassen, Zahlen und Warnungen stehen im Protokoll. Sonst wird nichts geschrieben.

Ohne „Die Bilder lesen“ gelten alle Pixel als gültig, was schnell geht; damit wird nichts geschätzt.

Aufteilung: none (keine), blocks (Blöcke benachbarter Chips), random (Zufall), scene (ganze Bilder) oder field:NAME des bearbeiteten Gebiets.</translation>
    </message>
    <message>
      <source>Planning…</source>
      <translation>Es wird geplant…</translation>
    </message>
    <message>
      <source>Read the imagery</source>
      <translation>Die Bilder lesen</translation>
    </message>
    <message>
      <source>Number of chips left out</source>
      <translation>Anzahl ausgelassener Chips</translation>
    </message>
    <message>
      <source>Classes and their pixels</source>
      <translation>Klassen und ihre Pixel</translation>
    </message>
    <message>
      <source>background</source>
      <translation>Hintergrund</translation>
    </message>
    <message>
      <source>ignore</source>
      <translation>ignoriert</translation>
    </message>
    <message>
      <source>Polychip Dock</source>
      <translation>Polychip-Bedienfeld</translation>
    </message>
    <message>
      <source>Show or hide the Polychip dock</source>
      <translation>Das Polychip-Bedienfeld zeigen oder verbergen</translation>
    </message>
    <message>
      <source>Polychip Help</source>
      <translation>Hilfe zu Polychip</translation>
    </message>
    <message>
      <source>Looking for the engine…</source>
      <translation>Der Rechenkern wird gesucht…</translation>
    </message>
    <message>
      <source>The engine is not ready.</source>
      <translation>Der Rechenkern ist nicht bereit.</translation>
    </message>
    <message>
      <source>How To…</source>
      <translation>Anleitung…</translation>
    </message>
    <message>
      <source>Open Settings…</source>
      <translation>Einstellungen öffnen…</translation>
    </message>
    <message>
      <source>Water: NDWI</source>
      <translation>Wasser: NDWI</translation>
    </message>
    <message>
      <source>Water: MNDWI</source>
      <translation>Wasser: MNDWI</translation>
    </message>
    <message>
      <source>Vegetation: NDVI</source>
      <translation>Vegetation: NDVI</translation>
    </message>
    <message>
      <source>Radar: VV/VH of dB bands</source>
      <translation>Radar: VV/VH von Kanälen in dB</translation>
    </message>
    <message>
      <source>Radar: VV/VH in dB</source>
      <translation>Radar: VV/VH in dB</translation>
    </message>
    <message>
      <source>A single band</source>
      <translation>Ein einzelner Kanal</translation>
    </message>
    <message>
      <source>Nothing to add: the threshold picks no free pixel here.</source>
      <translation>Nichts hinzuzufügen: Der Schwellenwert wählt hier kein freies Pixel aus.</translation>
    </message>
    <message>
      <source>Cancelled: no pre-label was made.</source>
      <translation>Abgebrochen: Es wurde kein Vor-Label angelegt.</translation>
    </message>
    <message>
      <source>{count} polygons in {cells} cells, one step of undo.</source>
      <translation>{count} Polygone in {cells} Zellen, ein Schritt zum Rückgängigmachen.</translation>
    </message>
    <message>
      <source>Cell {cell} is finished; it is left alone.</source>
      <translation>Zelle {cell} ist abgeschlossen; sie bleibt, wie sie ist.</translation>
    </message>
    <message>
      <source>{count} polygons are more than {most}: raise Smallest, or move the threshold.</source>
      <translation>{count} Polygone sind mehr als {most}: „Kleinste“ erhöhen oder den Schwellenwert verschieben.</translation>
    </message>
    <message>
      <source>Look at the preview first ({key}), then convert.</source>
      <translation>Erst die Vorschau ansehen ({key}), dann umwandeln.</translation>
    </message>
    <message>
      <source>The map shows nothing of “{name}”.</source>
      <translation>Die Karte zeigt nichts von „{name}“.</translation>
    </message>
    <message>
      <source>The labels cannot be carried to the image’s reference system: {reason}</source>
      <translation>Die Label lassen sich nicht in das Bezugssystem des Bildes übertragen: {reason}</translation>
    </message>
    <message>
      <source>Making pre-labels</source>
      <translation>Vor-Label anlegen</translation>
    </message>
    <message>
      <source>Making pre-labels failed: {reason}</source>
      <translation>Das Anlegen der Vor-Label ist gescheitert: {reason}</translation>
    </message>
    <message>
      <source>the end</source>
      <translation>das Ende</translation>
    </message>
    <message>
      <source>too many brackets or signs inside each other</source>
      <translation>zu viele Klammern oder Zeichen ineinander</translation>
    </message>
    <message>
      <source>The formula has {count} characters, at most {most} are read.</source>
      <translation>Die Formel hat {count} Zeichen, höchstens {most} werden gelesen.</translation>
    </message>
    <message>
      <source>The formula “{text}” names no band.</source>
      <translation>Die Formel „{text}“ nennt keinen Kanal.</translation>
    </message>
    <message>
      <source>join comparisons by “and”</source>
      <translation>Vergleiche mit „and“ verbinden</translation>
    </message>
    <message>
      <source>only “other.” may stand before a band</source>
      <translation>nur „other.“ darf vor einem Kanal stehen</translation>
    </message>
    <message>
      <source>“{token}”</source>
      <translation>„{token}“</translation>
    </message>
    <message>
      <source>a band or a number is expected, not {found}</source>
      <translation>ein Kanal oder eine Zahl wird erwartet, nicht {found}</translation>
    </message>
    <message>
      <source>The formula “{text}” is wrong at character {at}: {why}.</source>
      <translation>Die Formel „{text}“ ist bei Zeichen {at} falsch: {why}.</translation>
    </message>
    <message>
      <source>“{token}” is not expected</source>
      <translation>„{token}“ wird nicht erwartet</translation>
    </message>
    <message>
      <source>there is no function “{name}”, but {names}</source>
      <translation>es gibt keine Funktion „{name}“, aber {names}</translation>
    </message>
    <message>
      <source>{name}() takes {count} values, not {found}</source>
      <translation>{name}() nimmt {count} Werte, nicht {found}</translation>
    </message>
    <message>
      <source>“{token}” is missing</source>
      <translation>„{token}“ fehlt</translation>
    </message>
    <message>
      <source>“{token}” is not understood</source>
      <translation>„{token}“ wird nicht verstanden</translation>
    </message>
    <message>
      <source>Indices that the image’s bands allow</source>
      <translation>Indizes, die die Kanäle des Bildes erlauben</translation>
    </message>
    <message>
      <source>Bands by number (b1, b2) or name (green, nir, swir, vv), other.b1 for the other date; + - * / ^, comparisons, and, or, not, abs, sqrt, log10, db, min, max, where</source>
      <translation>Kanäle nach Nummer (b1, b2) oder Name (green, nir, swir, vv), other.b1 für das andere Datum; + - * / ^, Vergleiche, and, or, not, abs, sqrt, log10, db, min, max, where</translation>
    </message>
    <message>
      <source>The values that the map shows; click to set the threshold</source>
      <translation>Die Werte, die die Karte zeigt; ein Klick setzt den Schwellenwert</translation>
    </message>
    <message>
      <source>Threshold</source>
      <translation>Schwellenwert</translation>
    </message>
    <message>
      <source>Threshold; it is recorded on each polygon</source>
      <translation>Schwellenwert; er wird an jedem Polygon vermerkt</translation>
    </message>
    <message>
      <source>Above</source>
      <translation>Darüber</translation>
    </message>
    <message>
      <source>Below</source>
      <translation>Darunter</translation>
    </message>
    <message>
      <source>Which values become pre-labels</source>
      <translation>Welche Werte zu Vor-Labeln werden</translation>
    </message>
    <message>
      <source>Not on the other date</source>
      <translation>Nicht am anderen Datum</translation>
    </message>
    <message>
      <source>Only where the same threshold does not hold on the other date, which is chosen under View: flood is water now and not before</source>
      <translation>Nur wo derselbe Schwellenwert am anderen Datum, das unter „Ansicht“ gewählt ist, nicht gilt: Flut ist Wasser jetzt und vorher nicht</translation>
    </message>
    <message>
      <source>Regions of fewer pixels are left out</source>
      <translation>Flächen mit weniger Pixeln werden weggelassen</translation>
    </message>
    <message>
      <source>Holes of up to that many pixels are filled, but not nodata</source>
      <translation>Löcher bis zu so vielen Pixeln werden gefüllt, aber keine Pixel ohne Daten</translation>
    </message>
    <message>
      <source>Smooth</source>
      <translation>Glätten</translation>
    </message>
    <message>
      <source>Outlines without steps; they move by less than half a pixel, so that the masks stay the same</source>
      <translation>Umrisse ohne Stufen; sie wandern um weniger als ein halbes Pixel, sodass die Masken gleich bleiben</translation>
    </message>
    <message>
      <source>All Cells to Do</source>
      <translation>Alle offenen Zellen</translation>
    </message>
    <message>
      <source>Convert every cell that is not begun, and the current one, in the background</source>
      <translation>Jede nicht begonnene Zelle und die aktuelle im Hintergrund umwandeln</translation>
    </message>
    <message>
      <source>Stop; nothing is changed</source>
      <translation>Anhalten; nichts wird geändert</translation>
    </message>
    <message>
      <source>Smallest</source>
      <translation>Kleinste</translation>
    </message>
    <message>
      <source>Fill holes</source>
      <translation>Löcher füllen</translation>
    </message>
    <message>
      <source>The formula asks for the other date: load it and choose it under View.</source>
      <translation>Die Formel fragt nach dem anderen Datum: laden und unter „Ansicht“ wählen.</translation>
    </message>
    <message>
      <source>The formula speaks of both dates already; untick “Not on the other date”.</source>
      <translation>Die Formel spricht schon von beiden Daten; „Nicht am anderen Datum“ abwählen.</translation>
    </message>
    <message>
      <source>“{name}” has no band “{band}”; it has {names}.</source>
      <translation>„{name}“ hat keinen Kanal „{band}“; es hat {names}.</translation>
    </message>
    <message>
      <source>{path} cannot be read.</source>
      <translation>{path} kann nicht gelesen werden.</translation>
    </message>
    <message>
      <source>The selection spans {count} million pixels: keep it with Enter, then go on.</source>
      <translation>Die Auswahl umfasst {count} Millionen Pixel: mit Eingabe übernehmen, dann weitermachen.</translation>
    </message>
    <message>
      <source>± {percent} %</source>
      <translation>± {percent} %</translation>
    </message>
    <message>
      <source>Move the cursor over the image.</source>
      <translation>Bewegen Sie den Mauszeiger über das Bild.</translation>
    </message>
    <message>
      <source>{n} chips</source>
      <translation>{n} Chips</translation>
    </message>
    <message>
      <source>Planning… {done} of {total} chips</source>
      <translation>Es wird geplant… {done} von {total} Chips</translation>
    </message>
    <message>
      <source>{message} It is started again.</source>
      <translation>{message} Er wird neu gestartet.</translation>
    </message>
    <message>
      <source>Show the chip under the cursor as the engine would write it, unsaved edits too</source>
      <translation>Den Chip unter dem Mauszeiger zeigen, wie der Rechenkern ihn schriebe, auch ungespeicherte Änderungen</translation>
    </message>
    <message>
      <source>Show Chips</source>
      <translation>Chips zeigen</translation>
    </message>
    <message>
      <source>Add the planned chips to the map, coloured by split and by why they are left out</source>
      <translation>Die geplanten Chips auf die Karte bringen, gefärbt nach Aufteilung und nach dem Grund des Auslassens</translation>
    </message>
    <message>
      <source>What is drawn over the image</source>
      <translation>Was über das Bild gezeichnet wird</translation>
    </message>
    <message>
      <source>How opaque the mask is</source>
      <translation>Wie deckend die Maske ist</translation>
    </message>
    <message>
      <source>Image alone</source>
      <translation>Nur das Bild</translation>
    </message>
    <message>
      <source>Would be left out: {reason}</source>
      <translation>Würde ausgelassen: {reason}</translation>
    </message>
    <message>
      <source>Objects: {n}</source>
      <translation>Objekte: {n}</translation>
    </message>
    <message>
      <source>Severity</source>
      <translation>Schwere</translation>
    </message>
    <message>
      <source>Check</source>
      <translation>Prüfung</translation>
    </message>
    <message>
      <source>Problem</source>
      <translation>Problem</translation>
    </message>
    <message>
      <source>Error</source>
      <translation>Fehler</translation>
    </message>
    <message>
      <source>Warning</source>
      <translation>Warnung</translation>
    </message>
    <message>
      <source>Info</source>
      <translation>Hinweis</translation>
    </message>
    <message>
      <source>Stop the export; what is finished is kept and can be resumed</source>
      <translation>Den Export anhalten; was fertig ist, bleibt erhalten und kann fortgesetzt werden</translation>
    </message>
    <message>
      <source>Cancelling…</source>
      <translation>Wird abgebrochen…</translation>
    </message>
    <message>
      <source>The engine looks at the imagery and the labels…</source>
      <translation>Der Rechenkern sieht Bild und Beschriftung durch…</translation>
    </message>
    <message>
      <source>{done} of {total} chips</source>
      <translation>{done} von {total} Chips</translation>
    </message>
    <message>
      <source>{rate} chips/s</source>
      <translation>{rate} Chips/s</translation>
    </message>
    <message>
      <source>{time} left</source>
      <translation>noch {time}</translation>
    </message>
    <message>
      <source>Adopt layer</source>
      <translation>Layer übernehmen</translation>
    </message>
    <message>
      <source>Polygons of another layer into a labelling project</source>
      <translation>Polygone eines anderen Layers in ein Label-Projekt</translation>
    </message>
    <message>
      <source>Copies polygons of a layer (last year’s map, buildings of OpenStreetMap) into the labels of a labelling project, in its CRS, and saves them. They are marked as carried over; the field “tool” says where they come from.

Classes: pairs of a value of the class field and a class of the project; values that are not listed stand for the class of the same name, and those that name no class are left out, with a warning. Without a class field, one pair with an empty value gives the class of all.

What is drawn already is not changed: new polygons stop at it, unless they may overlap.</source>
      <translation>Kopiert Polygone eines Layers (die Karte vom letzten Jahr, Gebäude aus OpenStreetMap) in die Labels eines Label-Projekts, in dessen KBS, und speichert sie. Sie werden als übernommen markiert; das Feld „tool“ sagt, woher sie kommen.

Klassen: Paare aus einem Wert des Klassenfelds und einer Klasse des Projekts; nicht genannte Werte stehen für die Klasse gleichen Namens, und solche, die keine Klasse nennen, bleiben mit einer Warnung weg. Ohne Klassenfeld gibt ein Paar mit leerem Wert die Klasse für alle.

Was schon gezeichnet ist, wird nicht geändert: neue Polygone enden daran, außer sie dürfen überlappen.</translation>
    </message>
    <message>
      <source>Layer to adopt</source>
      <translation>Zu übernehmender Layer</translation>
    </message>
    <message>
      <source>Its class field (empty: one class for all)</source>
      <translation>Sein Klassenfeld (leer: eine Klasse für alle)</translation>
    </message>
    <message>
      <source>Polygons may overlap what is drawn</source>
      <translation>Polygone dürfen Gezeichnetes überlappen</translation>
    </message>
    <message>
      <source>Polygons taken over</source>
      <translation>Übernommene Polygone</translation>
    </message>
    <message>
      <source>Polygons left out</source>
      <translation>Weggelassene Polygone</translation>
    </message>
    <message>
      <source>Value</source>
      <translation>Wert</translation>
    </message>
    <message>
      <source>Left out, without a class, an area, or free ground: {n}</source>
      <translation>Weggelassen, ohne Klasse, Fläche oder freien Grund: {n}</translation>
    </message>
    <message>
      <source>Create labelling project</source>
      <translation>Label-Projekt anlegen</translation>
    </message>
    <message>
      <source>A GeoPackage for labels, a task grid and a recipe for images</source>
      <translation>Ein GeoPackage für Labels, ein Aufgabenraster und ein Rezept für Bilder</translation>
    </message>
    <message>
      <source>Writes what the page “New Labelling Project” writes: a GeoPackage with labels, extent and tasks, with classes and styles in it, and recipe.toml beside it, which “polychip run” takes as it is.

Classes: a template, a file (a recipe, or a CSV with the column name, and if wanted code, color, thing), or the values of a field of the layer to begin with.

Polygons of that layer are copied and marked as carried over.</source>
      <translation>Schreibt, was die Seite „Neues Label-Projekt“ schreibt: ein GeoPackage mit Labels, Ausdehnung und Aufgaben, mit Klassen und Stilen darin, und daneben recipe.toml, das „polychip run“ so nimmt.

Klassen: eine Vorlage, eine Datei (ein Rezept oder eine CSV mit der Spalte name und, wenn gewünscht, code, color, thing) oder die Werte eines Feldes des Layers, mit dem begonnen wird.

Polygone dieses Layers werden kopiert und als übernommen markiert.</translation>
    </message>
    <message>
      <source>Class list (recipe or CSV)</source>
      <translation>Klassenliste (Rezept oder CSV)</translation>
    </message>
    <message>
      <source>Layer to begin with</source>
      <translation>Layer, mit dem begonnen wird</translation>
    </message>
    <message>
      <source>Its class field</source>
      <translation>Sein Klassenfeld</translation>
    </message>
    <message>
      <source>Number of cells</source>
      <translation>Anzahl der Zellen</translation>
    </message>
    <message>
      <source>Give the layer whose field names the classes.</source>
      <translation>Den Layer angeben, dessen Feld die Klassen nennt.</translation>
    </message>
    <message>
      <source>Cell size in pixels</source>
      <translation>Zellgröße in Pixeln</translation>
    </message>
    <message>
      <source>GeoPackage of the labelling project</source>
      <translation>GeoPackage des Label-Projekts</translation>
    </message>
    <message>
      <source>{path} has unsaved edits ({journal}): save them, or give them up, first.</source>
      <translation>{path} hat ungespeicherte Änderungen ({journal}): zuerst speichern oder aufgeben.</translation>
    </message>
    <message>
      <source>Copies that annotators have worked on, back into the labelling project</source>
      <translation>Kopien, an denen Bearbeiter gearbeitet haben, zurück ins Label-Projekt</translation>
    </message>
    <message>
      <source>Takes the files that were written for annotators back into the project’s GeoPackage, and saves: newer polygons and cells win, object ids that collide are made anew. Polygons that a file no longer has are kept and counted as missing.</source>
      <translation>Nimmt die für Bearbeiter geschriebenen Dateien zurück ins GeoPackage des Projekts und speichert: neuere Polygone und Zellen gewinnen, Objektnummern, die sich überschneiden, werden neu vergeben. Polygone, die eine Datei nicht mehr hat, bleiben und werden als fehlend gezählt.</translation>
    </message>
    <message>
      <source>Annotators’ files</source>
      <translation>Dateien der Bearbeiter</translation>
    </message>
    <message>
      <source>New polygons</source>
      <translation>Neue Polygone</translation>
    </message>
    <message>
      <source>Changed polygons</source>
      <translation>Geänderte Polygone</translation>
    </message>
    <message>
      <source>Changed cells</source>
      <translation>Geänderte Zellen</translation>
    </message>
    <message>
      <source>Ids made anew</source>
      <translation>Neu vergebene Nummern</translation>
    </message>
    <message>
      <source>Polygons that a file no longer has</source>
      <translation>Polygone, die eine Datei nicht mehr hat</translation>
    </message>
    <message>
      <source>Give at least one file.</source>
      <translation>Mindestens eine Datei angeben.</translation>
    </message>
    <message>
      <source>Polygons that a file no longer has, kept: {n}</source>
      <translation>Polygone, die eine Datei nicht mehr hat, behalten: {n}</translation>
    </message>
    <message>
      <source>Pre-label by threshold</source>
      <translation>Vor-Label nach Schwellenwert</translation>
    </message>
    <message>
      <source>Polygons of what a threshold on a band index picks</source>
      <translation>Polygone dessen, was ein Schwellenwert auf einem Kanalindex auswählt</translation>
    </message>
    <message>
      <source>Reckons an index of an image’s bands, picks the pixels on one side of a threshold and writes them as polygons, with class, tool (index and threshold), source image and cell.

The index is NDWI, MNDWI, NDVI, VV/VH or a formula: bands by number (b1) or name (green, nir, swir, vv), other.b1 for the other date. Left empty, the threshold is Otsu’s of the whole image.

With a layer of cells there are pre-labels in those alone; of a task layer in those that are still to do. Polygons stop at labels that are there already, and share their border.

“Adopt layer” takes the polygons into a labelling project.</source>
      <translation>Berechnet einen Index der Kanäle eines Bildes, wählt die Pixel auf einer Seite eines Schwellenwerts aus und schreibt sie als Polygone, mit Klasse, Werkzeug (Index und Schwellenwert), Quellbild und Zelle.

Der Index ist NDWI, MNDWI, NDVI, VV/VH oder eine Formel: Kanäle nach Nummer (b1) oder Name (green, nir, swir, vv), other.b1 für das andere Datum. Bleibt der Schwellenwert leer, gilt der von Otsu für das ganze Bild.

Mit einem Layer von Zellen gibt es Vor-Label nur in diesen; bei einem Aufgaben-Layer in denen, die noch offen sind. Polygone enden an Labeln, die schon da sind, und teilen deren Grenze.

„Layer übernehmen“ holt die Polygone in ein Label-Projekt.</translation>
    </message>
    <message>
      <source>Image</source>
      <translation>Bild</translation>
    </message>
    <message>
      <source>Index or formula</source>
      <translation>Index oder Formel</translation>
    </message>
    <message>
      <source>Threshold (empty: Otsu’s)</source>
      <translation>Schwellenwert (leer: der von Otsu)</translation>
    </message>
    <message>
      <source>Values below the threshold, not above</source>
      <translation>Werte unter dem Schwellenwert, nicht darüber</translation>
    </message>
    <message>
      <source>Smallest region in pixels</source>
      <translation>Kleinste Fläche in Pixeln</translation>
    </message>
    <message>
      <source>Fill holes of up to so many pixels</source>
      <translation>Löcher bis zu so vielen Pixeln füllen</translation>
    </message>
    <message>
      <source>Cells (empty: the whole image)</source>
      <translation>Zellen (leer: das ganze Bild)</translation>
    </message>
    <message>
      <source>Labels that are there already</source>
      <translation>Label, die schon da sind</translation>
    </message>
    <message>
      <source>Number of polygons</source>
      <translation>Anzahl der Polygone</translation>
    </message>
    <message>
      <source>Give the other date, or untick “Not on the other date”.</source>
      <translation>Das andere Datum angeben oder „Nicht am anderen Datum“ abwählen.</translation>
    </message>
    <message>
      <source>{count} polygons, {tool}.</source>
      <translation>{count} Polygone, {tool}.</translation>
    </message>
    <message>
      <source>“{name}” has the same value everywhere: give a threshold.</source>
      <translation>„{name}“ hat überall denselben Wert: einen Schwellenwert angeben.</translation>
    </message>
    <message>
      <source>Quick check of labels</source>
      <translation>Schnellprüfung der Labels</translation>
    </message>
    <message>
      <source>What is wrong with labels, as a layer of problems</source>
      <translation>Was an Labels nicht stimmt, als Layer von Problemen</translation>
    </message>
    <message>
      <source>Looks for invalid, empty, duplicate and overlapping polygons, spikes, slivers, polygons too small for a pixel, missing classes, shared instance ids, polygons off the image or on pixels without data, cells that are done and empty, and cells that hold labels and are not done.

Ids and words of the checks are those of “polychip check”, which knows more of them.

Without imagery nothing is compared with pixels. Classes come from the style of a labelling project. Cells are those of the task layer; left empty, those of the labels’ own GeoPackage. Overlaps of different classes are told in semantic mode alone; left at “recipe”, the mode is that of the recipe.toml beside the labels.

What somebody has marked as checked is left out unless it is asked for.</source>
      <translation>Sucht nach ungültigen, leeren, doppelten und überlappenden Polygonen, Nadeln, Splittern, Polygonen, die für ein Pixel zu klein sind, fehlenden Klassen, geteilten Objektnummern, Polygonen neben dem Bild oder auf Pixeln ohne Daten, fertigen und leeren Zellen sowie Zellen, die Labels enthalten und nicht fertig sind.

Kennungen und Wortlaut der Prüfungen sind die von „polychip check“, das noch mehr davon kennt.

Ohne Bilder wird nichts mit Pixeln verglichen. Klassen kommen aus dem Stil eines Label-Projekts. Zellen sind die des Aufgabenlayers; bleibt er leer, die aus dem GeoPackage der Labels. Überlappungen verschiedener Klassen werden nur im semantischen Modus genannt; bei „recipe“ gilt der Modus der recipe.toml neben den Labels.

Was jemand als geprüft markiert hat, bleibt weg, wenn nicht danach gefragt wird.</translation>
    </message>
    <message>
      <source>Instance field (empty: objects are not told apart)</source>
      <translation>Objektfeld (leer: Objekte werden nicht unterschieden)</translation>
    </message>
    <message>
      <source>Task layer</source>
      <translation>Aufgabenlayer</translation>
    </message>
    <message>
      <source>Also what was marked as checked</source>
      <translation>Auch, was als geprüft markiert wurde</translation>
    </message>
    <message>
      <source>Number of problems</source>
      <translation>Anzahl der Probleme</translation>
    </message>
    <message>
      <source>Task grid</source>
      <translation>Aufgabenraster</translation>
    </message>
    <message>
      <source>The cells of images as tasks to be labelled</source>
      <translation>Die Zellen von Bildern als Aufgaben</translation>
    </message>
    <message>
      <source>Lays cells of whole chips over the pixels of images and writes a polygon a cell, with the fields of a labelling project’s tasks: cell, image, row, col, status (to do), annotator, note.

Cells follow the pixels, also of rotated images; their names are those of the chips in the dataset.</source>
      <translation>Legt Zellen aus ganzen Chips über die Pixel von Bildern und schreibt je Zelle ein Polygon mit den Feldern der Aufgaben eines Label-Projekts: cell, image, row, col, status (todo), annotator, note.

Zellen folgen den Pixeln, auch bei gedrehten Bildern; ihre Namen sind die der Chips im Datensatz.</translation>
    </message>
    <message>
      <source>The images are in different coordinate reference systems: make a grid for each.</source>
      <translation>Die Bilder haben verschiedene Koordinatenbezugssysteme: für jedes ein Raster anlegen.</translation>
    </message>
    <message>
      <source>Proposals in this cell: {count}. {accept} takes the one under the cursor, {accept_all} all of the cell; {reject} and {reject_all} reject.</source>
      <translation>Vorschläge in dieser Zelle: {count}. {accept} nimmt den unter dem Mauszeiger, {accept_all} alle der Zelle; {reject} und {reject_all} lehnen ab.</translation>
    </message>
    <message>
      <source>Nothing is proposed: no value stands for a class.</source>
      <translation>Nichts wird vorgeschlagen: kein Wert steht für eine Klasse.</translation>
    </message>
    <message>
      <source>Choose a layer first: More ▸ Propose Labels From a Layer…</source>
      <translation>Zuerst einen Layer wählen: Mehr ▸ Labels aus einem Layer vorschlagen…</translation>
    </message>
    <message>
      <source>There is no proposal.</source>
      <translation>Hier ist kein Vorschlag.</translation>
    </message>
    <message>
      <source>Propose Labels From a Layer</source>
      <translation>Labels aus einem Layer vorschlagen</translation>
    </message>
    <message>
      <source>Last year’s map, buildings of OpenStreetMap, a model’s polygons</source>
      <translation>Die Karte vom letzten Jahr, Gebäude aus OpenStreetMap, Polygone eines Modells</translation>
    </message>
    <message>
      <source>Its class field; none: all polygons are of one class</source>
      <translation>Sein Klassenfeld; keines: alle Polygone sind von einer Klasse</translation>
    </message>
    <message>
      <source>Also propose what was rejected</source>
      <translation>Auch Abgelehntes vorschlagen</translation>
    </message>
    <message>
      <source>Load a layer of polygons first.</source>
      <translation>Zuerst einen Layer mit Polygonen laden.</translation>
    </message>
    <message>
      <source>Leave out</source>
      <translation>Weglassen</translation>
    </message>
    <message>
      <source>All polygons</source>
      <translation>Alle Polygone</translation>
    </message>
    <message>
      <source>Accept proposals</source>
      <translation>Vorschläge annehmen</translation>
    </message>
    <message>
      <source>“{field}” has more than {n} values; choose the field of the class.</source>
      <translation>„{field}“ hat mehr als {n} Werte; das Feld der Klasse wählen.</translation>
    </message>
    <message>
      <source>“{value}” shall be class “{name}”, which the project does not have: {known}</source>
      <translation>„{value}“ soll Klasse „{name}“ werden, die das Projekt nicht hat: {known}</translation>
    </message>
    <message>
      <source>The problem has no place in the map’s reference system.</source>
      <translation>Das Problem hat keinen Ort im Bezugssystem der Karte.</translation>
    </message>
    <message>
      <source>Check cancelled.</source>
      <translation>Prüfung abgebrochen.</translation>
    </message>
    <message>
      <source>Problems: {count} (errors: {errors}, warnings: {warnings})</source>
      <translation>Probleme: {count} (Fehler: {errors}, Warnungen: {warnings})</translation>
    </message>
    <message>
      <source>Switch QGIS’s own plugin “Processing” on first.</source>
      <translation>Zuerst die QGIS-eigene Erweiterung „Processing“ einschalten.</translation>
    </message>
    <message>
      <source>Problem areas of {labels}</source>
      <translation>Problemflächen von {labels}</translation>
    </message>
    <message>
      <source>Problems of {labels}</source>
      <translation>Probleme von {labels}</translation>
    </message>
    <message>
      <source>Quality of Labels</source>
      <translation>Güte der Polygone</translation>
    </message>
    <message>
      <source>Check Labels</source>
      <translation>Polygone prüfen</translation>
    </message>
    <message>
      <source>Look for faults in the labels above, unsaved edits too; a click on one goes there</source>
      <translation>Fehler in den Polygonen oben suchen, auch ungespeicherte; ein Klick auf einen führt dorthin</translation>
    </message>
    <message>
      <source>Agreement…</source>
      <translation>Übereinstimmung…</translation>
    </message>
    <message>
      <source>Compare annotators, or predictions with labels</source>
      <translation>Zeichner vergleichen, oder Vorhersagen mit Polygonen</translation>
    </message>
    <message>
      <source>Advice…</source>
      <translation>Rat…</translation>
    </message>
    <message>
      <source>Semantic, instance or panoptic masks? With figures from these labels</source>
      <translation>Semantische, Instanz- oder panoptische Masken? Mit Zahlen aus diesen Polygonen</translation>
    </message>
    <message>
      <source>The layer whose problems are listed</source>
      <translation>Der Layer, dessen Probleme aufgelistet sind</translation>
    </message>
    <message>
      <source>No problems listed</source>
      <translation>Keine Probleme aufgelistet</translation>
    </message>
    <message>
      <source>How grave a problem must be to be listed</source>
      <translation>Wie schwer ein Problem sein muss, um aufgelistet zu werden</translation>
    </message>
    <message>
      <source>A click goes to the problem; what to do stands below</source>
      <translation>Ein Klick führt zum Problem; was zu tun ist, steht darunter</translation>
    </message>
    <message>
      <source>Errors</source>
      <translation>Fehler</translation>
    </message>
    <message>
      <source>And warnings</source>
      <translation>Und Warnungen</translation>
    </message>
    <message>
      <source>All</source>
      <translation>Alle</translation>
    </message>
    <message>
      <source>Cancel Check</source>
      <translation>Prüfung abbrechen</translation>
    </message>
    <message>
      <source>The engine looks at the labels…</source>
      <translation>Die Engine sieht sich die Polygone an…</translation>
    </message>
    <message>
      <source>Information</source>
      <translation>Hinweis</translation>
    </message>
    <message>
      <source>Invalid</source>
      <translation>Ungültig</translation>
    </message>
    <message>
      <source>the outline crosses itself or its rings are nested wrongly</source>
      <translation>der Umriss kreuzt sich selbst, oder seine Ringe liegen falsch ineinander</translation>
    </message>
    <message>
      <source>redraw it, or let Fix make it valid</source>
      <translation>neu zeichnen, oder mit Beheben gültig machen</translation>
    </message>
    <message>
      <source>Touches itself</source>
      <translation>Berührt sich selbst</translation>
    </message>
    <message>
      <source>a ring touches itself in a point, so it pinches the polygon</source>
      <translation>ein Ring berührt sich in einem Punkt und schnürt das Polygon ab</translation>
    </message>
    <message>
      <source>split the polygon there, or let Fix mend it</source>
      <translation>das Polygon dort teilen, oder Beheben</translation>
    </message>
    <message>
      <source>Empty</source>
      <translation>Leer</translation>
    </message>
    <message>
      <source>the feature has no geometry, or one without area</source>
      <translation>das Objekt hat keine Geometrie oder eine ohne Fläche</translation>
    </message>
    <message>
      <source>delete it, or draw it; Fix deletes it</source>
      <translation>löschen oder zeichnen; Beheben löscht es</translation>
    </message>
    <message>
      <source>Duplicate vertices</source>
      <translation>Doppelte Stützpunkte</translation>
    </message>
    <message>
      <source>vertices lie on top of each other</source>
      <translation>Stützpunkte liegen aufeinander</translation>
    </message>
    <message>
      <source>harmless to masks; Fix removes them</source>
      <translation>schadet Masken nicht; Beheben entfernt sie</translation>
    </message>
    <message>
      <source>Spike</source>
      <translation>Nadel</translation>
    </message>
    <message>
      <source>the outline runs out and back in a needle</source>
      <translation>der Umriss läuft in einer Nadel hinaus und zurück</translation>
    </message>
    <message>
      <source>remove the vertex; Fix does where no pixel is lost by it</source>
      <translation>den Stützpunkt entfernen; Beheben tut es, wo dadurch kein Pixel verloren geht</translation>
    </message>
    <message>
      <source>Sliver</source>
      <translation>Splitter</translation>
    </message>
    <message>
      <source>long and narrower than half a pixel: usually left by an overlay</source>
      <translation>lang und schmaler als ein halbes Pixel: meist Rest einer Verschneidung</translation>
    </message>
    <message>
      <source>merge it into its neighbour, or delete it</source>
      <translation>mit dem Nachbarn verbinden oder löschen</translation>
    </message>
    <message>
      <source>Tiny</source>
      <translation>Winzig</translation>
    </message>
    <message>
      <source>too small to hold a pixel's centre, so it vanishes from the masks</source>
      <translation>zu klein für die Mitte eines Pixels, verschwindet also aus den Masken</translation>
    </message>
    <message>
      <source>leave it out, or burn its nearest pixel with masks.keep_tiny</source>
      <translation>weglassen, oder mit masks.keep_tiny sein nächstes Pixel füllen</translation>
    </message>
    <message>
      <source>polygons of one class lie over each other</source>
      <translation>Polygone einer Klasse liegen übereinander</translation>
    </message>
    <message>
      <source>cut one at the other's edge, or give both one instance id if they are one object</source>
      <translation>eines am Rand des anderen abschneiden, oder beiden dieselbe Objektnummer geben, wenn sie ein Objekt sind</translation>
    </message>
    <message>
      <source>Overlap of classes</source>
      <translation>Überlappung von Klassen</translation>
    </message>
    <message>
      <source>polygons of different classes lie over each other</source>
      <translation>Polygone verschiedener Klassen liegen übereinander</translation>
    </message>
    <message>
      <source>cut one; else the order of the classes decides which wins</source>
      <translation>eines abschneiden; sonst entscheidet die Reihenfolge der Klassen</translation>
    </message>
    <message>
      <source>Duplicate</source>
      <translation>Doppelt</translation>
    </message>
    <message>
      <source>the same polygon is there twice</source>
      <translation>dasselbe Polygon ist zweimal da</translation>
    </message>
    <message>
      <source>delete one; Fix keeps the older where the classes agree</source>
      <translation>eines löschen; Beheben behält das ältere, wo die Klassen gleich sind</translation>
    </message>
    <message>
      <source>Near duplicate</source>
      <translation>Fast doppelt</translation>
    </message>
    <message>
      <source>two polygons are nearly the same</source>
      <translation>zwei Polygone sind fast gleich</translation>
    </message>
    <message>
      <source>delete one</source>
      <translation>eines löschen</translation>
    </message>
    <message>
      <source>Class missing</source>
      <translation>Klasse fehlt</translation>
    </message>
    <message>
      <source>the feature has no class</source>
      <translation>das Objekt hat keine Klasse</translation>
    </message>
    <message>
      <source>fill in the class field</source>
      <translation>das Klassenfeld ausfüllen</translation>
    </message>
    <message>
      <source>Class unknown</source>
      <translation>Klasse unbekannt</translation>
    </message>
    <message>
      <source>the schema does not know the class</source>
      <translation>das Schema kennt die Klasse nicht</translation>
    </message>
    <message>
      <source>correct it, or add the class to the schema</source>
      <translation>berichtigen, oder die Klasse ins Schema aufnehmen</translation>
    </message>
    <message>
      <source>Id of two classes</source>
      <translation>Nummer in zwei Klassen</translation>
    </message>
    <message>
      <source>one instance id stands for two classes</source>
      <translation>eine Objektnummer steht für zwei Klassen</translation>
    </message>
    <message>
      <source>an object has one class: Fix gives each feature an id of its own</source>
      <translation>ein Objekt hat eine Klasse: Beheben gibt jedem eine eigene Nummer</translation>
    </message>
    <message>
      <source>Shared id</source>
      <translation>Geteilte Nummer</translation>
    </message>
    <message>
      <source>several features share an instance id: one object</source>
      <translation>mehrere teilen sich eine Objektnummer: ein Objekt</translation>
    </message>
    <message>
      <source>right for an object in parts; else Fix gives each its own id</source>
      <translation>richtig für ein Objekt in Teilen; sonst gibt Beheben jedem eine eigene</translation>
    </message>
    <message>
      <source>Off the image</source>
      <translation>Neben dem Bild</translation>
    </message>
    <message>
      <source>the feature lies on no image</source>
      <translation>das Objekt liegt auf keinem Bild</translation>
    </message>
    <message>
      <source>check its coordinates and CRS, or give the image it belongs to</source>
      <translation>Koordinaten und KBS prüfen, oder das zugehörige Bild angeben</translation>
    </message>
    <message>
      <source>Beyond the image</source>
      <translation>Über das Bild hinaus</translation>
    </message>
    <message>
      <source>the feature goes on beyond the image</source>
      <translation>das Objekt reicht über das Bild hinaus</translation>
    </message>
    <message>
      <source>fine for rivers and roads: the export cuts it at the image's edge</source>
      <translation>in Ordnung für Flüsse und Straßen: der Export schneidet am Bildrand ab</translation>
    </message>
    <message>
      <source>No data</source>
      <translation>Ohne Daten</translation>
    </message>
    <message>
      <source>the feature covers pixels without data</source>
      <translation>das Objekt bedeckt Pixel ohne Daten</translation>
    </message>
    <message>
      <source>fine at the edge of the data: those pixels become ignore</source>
      <translation>in Ordnung am Rand der Daten: diese Pixel werden ignoriert</translation>
    </message>
    <message>
      <source>Done and empty</source>
      <translation>Fertig und leer</translation>
    </message>
    <message>
      <source>a cell of the extent is done and holds no label</source>
      <translation>eine Zelle ist fertig und enthält kein Label</translation>
    </message>
    <message>
      <source>make sure that there is nothing: its pixels become verified background</source>
      <translation>sicherstellen, dass dort nichts ist: ihre Pixel werden geprüfter Hintergrund</translation>
    </message>
    <message>
      <source>Drawn, not done</source>
      <translation>Gezeichnet, nicht fertig</translation>
    </message>
    <message>
      <source>a cell holds labels and is not done, so its pixels are ignored in training</source>
      <translation>eine Zelle enthält Labels und ist nicht fertig; ihre Pixel werden im Training ignoriert</translation>
    </message>
    <message>
      <source>finish the cell and mark it as done</source>
      <translation>die Zelle beenden und als fertig markieren</translation>
    </message>
    <message>
      <source>instance id {id} is that of {n} features</source>
      <translation>Objektnummer {id} haben {n} Objekte</translation>
    </message>
    <message>
      <source>cell {cell} holds no label</source>
      <translation>Zelle {cell} enthält kein Label</translation>
    </message>
    <message>
      <source>cell {cell} ({status}) holds labels: {n}</source>
      <translation>Zelle {cell} ({status}) enthält Labels: {n}</translation>
    </message>
    <message>
      <source>Polychip Problems</source>
      <translation>Polychip-Probleme</translation>
    </message>
    <message>
      <source>Show or hide the list of problems in the labels</source>
      <translation>Die Liste der Probleme in den Labels zeigen oder verbergen</translation>
    </message>
    <message>
      <source>Look</source>
      <translation>Ansehen</translation>
    </message>
    <message>
      <source>Export Anyway</source>
      <translation>Trotzdem exportieren</translation>
    </message>
    <message>
      <source>No problems.</source>
      <translation>Keine Probleme.</translation>
    </message>
    <message>
      <source>invalid geometry</source>
      <translation>ungültige Geometrie</translation>
    </message>
    <message>
      <source>less than 0.1%</source>
      <translation>weniger als 0,1 %</translation>
    </message>
    <message>
      <source>has no geometry</source>
      <translation>hat keine Geometrie</translation>
    </message>
    <message>
      <source>has no area</source>
      <translation>hat keine Fläche</translation>
    </message>
    <message>
      <source>1 vertex lies on the one before</source>
      <translation>1 Stützpunkt liegt auf dem vorigen</translation>
    </message>
    <message>
      <source>{share} of it is beyond the image</source>
      <translation>{share} davon liegen außerhalb des Bildes</translation>
    </message>
    <message>
      <source>no value in “{field}”</source>
      <translation>kein Wert in „{field}“</translation>
    </message>
    <message>
      <source>a needle of {length} {unit}</source>
      <translation>eine Nadel von {length} {unit}</translation>
    </message>
    <message>
      <source>{width} px wide, {length} px long</source>
      <translation>{width} px breit, {length} px lang</translation>
    </message>
    <message>
      <source>touches no image</source>
      <translation>berührt kein Bild</translation>
    </message>
    <message>
      <source>{n} of its pixels ({share}) hold no data</source>
      <translation>{n} seiner Pixel ({share}) haben keine Daten</translation>
    </message>
    <message>
      <source>its coordinates have no place in the image's CRS</source>
      <translation>seine Koordinaten haben im KBS des Bildes keinen Ort</translation>
    </message>
    <message>
      <source>class “{name}” is not in the schema</source>
      <translation>Klasse „{name}“ ist nicht im Schema</translation>
    </message>
    <message>
      <source>{n} vertices lie on the one before</source>
      <translation>{n} Stützpunkte liegen auf dem vorigen</translation>
    </message>
    <message>
      <source>{area} square pixels, no pixel's centre</source>
      <translation>{area} Quadratpixel, keine Pixelmitte</translation>
    </message>
    <message>
      <source>shares {area} {unit}² with {other}</source>
      <translation>teilt {area} {unit}² mit {other}</translation>
    </message>
    <message>
      <source>, with another class</source>
      <translation>, mit anderer Klasse</translation>
    </message>
    <message>
      <source>shares {share} with {other}</source>
      <translation>teilt {share} mit {other}</translation>
    </message>
    <message>
      <source>is the same polygon as {other}</source>
      <translation>ist dasselbe Polygon wie {other}</translation>
    </message>
    <message>
      <source>The quick checks found nothing.</source>
      <translation>Die Schnellprüfungen haben nichts gefunden.</translation>
    </message>
    <message>
      <source>Quick checks: {counts}.</source>
      <translation>Schnellprüfungen: {counts}.</translation>
    </message>
    <message>
      <source>Show the problems of one check alone</source>
      <translation>Nur die Probleme einer Prüfung zeigen</translation>
    </message>
    <message>
      <source>Show checked</source>
      <translation>Geprüfte zeigen</translation>
    </message>
    <message>
      <source>Also those that somebody has looked at and left</source>
      <translation>Auch die, die jemand angesehen und gelassen hat</translation>
    </message>
    <message>
      <source>A click shows the problem on the map</source>
      <translation>Ein Klick zeigt das Problem auf der Karte</translation>
    </message>
    <message>
      <source>Looked at %v of %m</source>
      <translation>%v von %m angesehen</translation>
    </message>
    <message>
      <source>Fix</source>
      <translation>Beheben</translation>
    </message>
    <message>
      <source>Mend what is selected where that is safe; one step of undo</source>
      <translation>Ausgewähltes beheben, wo das sicher ist; ein Schritt zum Rückgängigmachen</translation>
    </message>
    <message>
      <source>Fix All Safe</source>
      <translation>Alles Sichere beheben</translation>
    </message>
    <message>
      <source>Mend all that are listed where that is safe: make valid, remove duplicate vertices and needles, delete exact duplicates, renumber shared ids; one step of undo</source>
      <translation>Alle aufgeführten beheben, wo das sicher ist: gültig machen, doppelte Stützpunkte und Nadeln entfernen, genaue Doppelte löschen, geteilte Nummern neu vergeben; ein Schritt zum Rückgängigmachen</translation>
    </message>
    <message>
      <source>Checked</source>
      <translation>Geprüft</translation>
    </message>
    <message>
      <source>You have looked, and it shall stay so; kept in the GeoPackage’s table “checked”</source>
      <translation>Angesehen, und es soll so bleiben; steht in der Tabelle „checked“ des GeoPackages</translation>
    </message>
    <message>
      <source>Check Again</source>
      <translation>Neu prüfen</translation>
    </message>
    <message>
      <source>Look at every polygon anew</source>
      <translation>Jedes Polygon neu ansehen</translation>
    </message>
    <message>
      <source>All checks</source>
      <translation>Alle Prüfungen</translation>
    </message>
    <message>
      <source>Not Checked</source>
      <translation>Nicht geprüft</translation>
    </message>
    <message>
      <source>Feature</source>
      <translation>Objekt</translation>
    </message>
    <message>
      <source>What was found</source>
      <translation>Was gefunden wurde</translation>
    </message>
    <message>
      <source>“{name}” has no regular georeference; warp it to a GeoTIFF first (Raster ▸ Projections ▸ Warp).</source>
      <translation>„{name}“ ist nicht regelmäßig georeferenziert; transformieren Sie es zuerst in ein GeoTIFF (Raster ▸ Projektionen ▸ Transformieren).</translation>
    </message>
    <message>
      <source>“{name}” is not a file of its own that other programs can open; save it as a GeoTIFF first (Export ▸ Save As…).</source>
      <translation>„{name}“ ist keine eigene Datei, die andere Programme öffnen können; speichern Sie den Layer zuerst als GeoTIFF (Export ▸ Speichern als…).</translation>
    </message>
    <message>
      <source>The file of “{name}” states no coordinate reference system; write it into the file first (Raster ▸ Projections ▸ Assign Projection).</source>
      <translation>Die Datei von „{name}“ nennt kein Koordinatenbezugssystem; schreiben Sie es zuerst in die Datei (Raster ▸ Projektionen ▸ Projektion zuweisen).</translation>
    </message>
    <message>
      <source>The file of “{name}” is in {stated}, but the layer was set to {shown}; chips are cut by the file, so set the layer back or correct the file (Raster ▸ Projections ▸ Assign Projection).</source>
      <translation>Die Datei von „{name}“ ist in {stated}, der Layer aber auf {shown} gesetzt; Chips werden nach der Datei geschnitten, also setzen Sie den Layer zurück oder berichtigen Sie die Datei (Raster ▸ Projektionen ▸ Projektion zuweisen).</translation>
    </message>
    <message>
      <source>“{name}” cannot be read; repair its data source.</source>
      <translation>„{name}“ ist nicht lesbar; reparieren Sie die Datenquelle.</translation>
    </message>
    <message>
      <source>“{name}” is not a raster file; save it as a GeoTIFF first (Export ▸ Save As…).</source>
      <translation>„{name}“ ist keine Rasterdatei; speichern Sie es zuerst als GeoTIFF (Export ▸ Speichern als…).</translation>
    </message>
    <message>
      <source>Save Recipe</source>
      <translation>Rezept speichern</translation>
    </message>
    <message>
      <source>Recipes (*.toml)</source>
      <translation>Rezepte (*.toml)</translation>
    </message>
    <message>
      <source>Load Recipe</source>
      <translation>Rezept laden</translation>
    </message>
    <message>
      <source>The recipe stacks or joins several files to one image, which the dock cannot show.</source>
      <translation>Das Rezept stapelt oder verbindet mehrere Dateien zu einem Bild, was das Bedienfeld nicht zeigen kann.</translation>
    </message>
    <message>
      <source>The recipe’s chips are not square, or too large for the dock.</source>
      <translation>Die Chips des Rezepts sind nicht quadratisch oder zu groß für das Bedienfeld.</translation>
    </message>
    <message>
      <source>Recipe loaded.</source>
      <translation>Rezept geladen.</translation>
    </message>
    <message>
      <source>Recipe saved: {path}</source>
      <translation>Rezept gespeichert: {path}</translation>
    </message>
    <message>
      <source>Recipe loaded, but the dock has no place for: {keys}. “polychip run” keeps them.</source>
      <translation>Rezept geladen, aber das Bedienfeld hat keinen Platz für: {keys}. „polychip run“ behält sie.</translation>
    </message>
    <message>
      <source>{path} cannot be opened.</source>
      <translation>{path} kann nicht geöffnet werden.</translation>
    </message>
    <message>
      <source>Report on dataset</source>
      <translation>Bericht über Datensatz</translation>
    </message>
    <message>
      <source>A dataset on one page: pictures, map, classes, splits</source>
      <translation>Ein Datensatz auf einer Seite: Bilder, Karte, Klassen, Aufteilung</translation>
    </message>
    <message>
      <source>Makes one page about a dataset that opens in any browser without a network: chips with their masks, a map of chips and splits, classes and sizes, skips with their reasons, warnings, bands, and how it is loaded.

The figures (JSON) of “Check labels”, “Agreement of annotators” and “Advise on a strategy” can be put into it.</source>
      <translation>Macht eine Seite über einen Datensatz, die sich in jedem Browser ohne Netz öffnet: Chips mit ihren Masken, eine Karte der Chips und Teile, Klassen und Größen, Ausgelassenes mit Gründen, Warnungen, Bänder, und wie er geladen wird.

Die Zahlen (JSON) von „Polygone prüfen“, „Übereinstimmung der Zeichner“ und „Strategie empfehlen“ können hinein.</translation>
    </message>
    <message>
      <source>Figures of quality (JSON)</source>
      <translation>Zahlen zur Güte (JSON)</translation>
    </message>
    <message>
      <source>“{name}” has no coordinate reference system; set it first (Layer ▸ Set CRS of Layer(s)…).</source>
      <translation>„{name}“ hat kein Koordinatenbezugssystem; setzen Sie es zuerst (Layer ▸ KBS von Layern setzen…).</translation>
    </message>
    <message>
      <source>The snapshot {path} cannot be written: {reason}</source>
      <translation>Der Schnappschuss {path} kann nicht geschrieben werden: {reason}</translation>
    </message>
    <message>
      <source>“{name}” has {expected} features, but {stored} arrived in the snapshot; nothing was exported. Save the layer to a new file and export that.</source>
      <translation>„{name}“ hat {expected} Objekte, im Schnappschuss sind aber {stored} angekommen; nichts wurde exportiert. Speichern Sie den Layer in eine neue Datei und exportieren Sie diese.</translation>
    </message>
    <message>
      <source>Feature {fid} of “{name}” could not be written: {reason}</source>
      <translation>Objekt {fid} von „{name}“ konnte nicht geschrieben werden: {reason}</translation>
    </message>
    <message>
      <source>Not divided</source>
      <translation>Nicht aufgeteilt</translation>
    </message>
    <message>
      <source>Blocks of neighbouring chips</source>
      <translation>Blöcke benachbarter Chips</translation>
    </message>
    <message>
      <source>Each chip by chance</source>
      <translation>Jeder Chip nach Zufall</translation>
    </message>
    <message>
      <source>Whole images</source>
      <translation>Ganze Bilder</translation>
    </message>
    <message>
      <source>By a field of the extent</source>
      <translation>Nach einem Feld des Gebiets</translation>
    </message>
    <message>
      <source>Which chips train and which validate; no ground is ever in two of them</source>
      <translation>Welche Chips zum Trainieren und welche zum Prüfen dienen; kein Ort ist je in zweien</translation>
    </message>
    <message>
      <source>The field of the labelled extent that names the split</source>
      <translation>Das Feld des bearbeiteten Gebiets, das die Aufteilung nennt</translation>
    </message>
    <message>
      <source>Choose the field of the labelled extent that names the split.</source>
      <translation>Wählen Sie das Feld des bearbeiteten Gebiets, das die Aufteilung nennt.</translation>
    </message>
    <message>
      <source>The shares of the splits add up to {total} %, not to 100 %.</source>
      <translation>Die Anteile der Aufteilung ergeben {total} %, nicht 100 %.</translation>
    </message>
    <message>
      <source>Share of the chips in “{name}”</source>
      <translation>Anteil der Chips in „{name}“</translation>
    </message>
    <message>
      <source>Vectorize masks</source>
      <translation>Masken vektorisieren</translation>
    </message>
    <message>
      <source>Masks or a model’s predictions into polygons</source>
      <translation>Masken oder Vorhersagen eines Modells zu Polygonen</translation>
    </message>
    <message>
      <source>Turns the masks of a dataset, or a model’s predictions on its chips, into georeferenced polygons without seams between chips.

Predictions are rasters (.tif, .png, .npy) named like the chips: classes, objects, or probabilities. What no chip covers, or is ignore, is left out; the layer “extent” says where there was something to see. Smoothing keeps shared borders shared.</source>
      <translation>Macht aus den Masken eines Datensatzes, oder aus Vorhersagen eines Modells für seine Chips, georeferenzierte Polygone ohne Nähte zwischen den Chips.

Vorhersagen sind Raster (.tif, .png, .npy), die wie die Chips heißen: Klassen, Objekte oder Wahrscheinlichkeiten. Was kein Chip bedeckt oder ignoriert wird, bleibt weg; der Layer „extent“ sagt, wo es etwas zu sehen gab. Glätten lässt gemeinsame Grenzen gemeinsam.</translation>
    </message>
    <message>
      <source>Least probability of a class (empty: the highest wins)</source>
      <translation>Kleinste Wahrscheinlichkeit einer Klasse (leer: die höchste gewinnt)</translation>
    </message>
    <message>
      <source>Leave out polygons of fewer pixels</source>
      <translation>Polygone mit weniger Pixeln weglassen</translation>
    </message>
    <message>
      <source>Smooth outlines by so many pixels</source>
      <translation>Umrisse um so viele Pixel glätten</translation>
    </message>
    <message>
      <source>Predictions (empty: the dataset’s own masks)</source>
      <translation>Vorhersagen (leer: die eigenen Masken des Datensatzes)</translation>
    </message>
    <message>
      <source>What the rasters hold</source>
      <translation>Was die Raster enthalten</translation>
    </message>
    <message>
      <source>Class of each band of probabilities, with commas between</source>
      <translation>Klasse jedes Bandes von Wahrscheinlichkeiten, mit Kommas dazwischen</translation>
    </message>
    <message>
      <source>Only these scenes, with commas between (empty: all)</source>
      <translation>Nur diese Szenen, mit Kommas dazwischen (leer: alle)</translation>
    </message>
    <message>
      <source>Polygons</source>
      <translation>Polygone</translation>
    </message>
    <message>
      <source>Where there were chips</source>
      <translation>Wo Chips waren</translation>
    </message>
    <message>
      <source>Verify dataset</source>
      <translation>Datensatz prüfen</translation>
    </message>
    <message>
      <source>Prove that a dataset of training chips is right</source>
      <translation>Nachweisen, dass ein Datensatz aus Trainings-Chips stimmt</translation>
    </message>
    <message>
      <source>Checks a dataset: files and checksums, alignment of image and mask, values, leakage between splits, and the labels burned again by another way. Each check is a line in the log; nothing is changed.

OK is false when a check has failed, and PROBLEMS counts them. What cannot be checked, because a source has moved, is said.</source>
      <translation>Prüft einen Datensatz: Dateien und Prüfsummen, die Deckung von Bild und Maske, Werte, Überschneidungen der Aufteilung, und die auf anderem Weg noch einmal gebrannten Labels. Jede Prüfung ist eine Zeile im Protokoll; nichts wird geändert.

OK ist falsch, wenn eine Prüfung fehlschlug, und PROBLEMS zählt diese. Was nicht geprüft werden kann, weil eine Quelle verschoben wurde, wird gesagt.</translation>
    </message>
    <message>
      <source>Burn the labels of every chip again, not only of a sample</source>
      <translation>Die Labels jedes Chips noch einmal brennen, nicht nur einer Stichprobe</translation>
    </message>
    <message>
      <source>All is right</source>
      <translation>Alles stimmt</translation>
    </message>
    <message>
      <source>Number of failed checks</source>
      <translation>Anzahl fehlgeschlagener Prüfungen</translation>
    </message>
    <message>
      <source>What failed</source>
      <translation>Was fehlschlug</translation>
    </message>
  </context>
</TS>
