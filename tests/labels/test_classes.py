"""Classes are what the user wrote: codes, unknown values, instance ids, tiny objects."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box
from support.labels import from_pixels, write_labels
from support.rasters import place
from support.scenes import burned, load, names_of

from polychip.errors import InputError, RecipeError
from polychip.grid import Window
from polychip.recipe import LabelSource, SchemaOptions
from polychip.scenes.attributes import distinct_classes
from polychip.schema import LabelSchema, schema_from_values

WHERE = place(20, 20)
WHOLE = Window(0, 0, 20, 20)


def file_of(folder: Path, shapes: list[Any], *, name: str = "labels.gpkg", **fields: Any) -> str:
    moved = [None if s is None else from_pixels(WHERE, s) for s in shapes]
    return write_labels(folder / name, moved, WHERE.crs, **fields)


def source(path: str, **options: Any) -> LabelSource:
    return LabelSource(path=path, class_field=options.pop("class_field", "kind"), **options)


def schema_of(*sources: LabelSource, things: bool = True) -> LabelSchema:
    return schema_from_values(distinct_classes(sources, SchemaOptions()), things=things)[0]


def declared(*classes: dict[str, Any], **options: Any) -> LabelSchema:
    schema = SchemaOptions(classes=classes, **options).build()
    assert schema is not None
    return schema


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([3, 1, 7], {3: 3, 1: 1, 7: 7}),
        (["3", "1", "255"], {"3": 3, "1": 1, "255": 255}),
        ([3.0, 5.0, 0.0], {3.0: 3, 5.0: 5, 0.0: 0}),
        (["roof", "field", "Zoo"], {"Zoo": 1, "field": 2, "roof": 3}),
        (["2", "water"], {"2": 1, "water": 2}),
        (["été", "eau", "Åker"], {"eau": 1, "Åker": 2, "été": 3}),
    ],
)
def test_whole_numbers_are_kept_and_texts_are_numbered_in_sorted_order(
    tmp_path: Path, values: list[Any], codes: dict[Any, int]
) -> None:
    shapes = [box(i * 3, 0, i * 3 + 2, 2) for i in range(len(values))]
    labels = source(file_of(tmp_path, shapes, kind=values))
    schema = schema_of(labels)
    loaded, _ = load(WHERE, [labels], schema=schema)
    canvas = np.full((20, 20), -1)
    picture = burned(loaded, WHOLE)
    for i, value in enumerate(values):
        canvas[0:2, i * 3 : i * 3 + 2] = codes[value]
    assert np.array_equal(picture, np.where(canvas < 0, 0, canvas))
    assert (schema.background, schema.ignore, schema.dtype) == (0, 255, "uint8")


def test_the_codes_255_and_0_are_ignore_and_background_also_as_texts(tmp_path: Path) -> None:
    labels = source(file_of(tmp_path, [box(0, 0, 2, 2)] * 3, kind=["0", "255", "4"]))
    schema = schema_of(labels)
    assert {c.code: c.name for c in schema.classes} == {0: "background", 255: "ignore", 4: "4"}
    assert [c.code for c in schema.mask_classes] == [4]
    assert [c.thing for c in schema.classes] == [False, True, False]


@pytest.mark.parametrize(("n", "dtype", "ignore"), [(254, "uint8", 255), (255, "uint16", 65535)])
def test_more_than_254_classes_need_16_bits(n: int, dtype: str, ignore: int) -> None:
    schema, _ = schema_from_values([f"class {i:03d}" for i in range(n)], things=False)
    assert (schema.dtype, schema.ignore) == (dtype, ignore)
    assert [c.code for c in schema.classes] == list(range(1, n + 1))
    assert ignore not in [c.code for c in schema.classes]


def test_codes_above_255_are_kept_in_16_bits_with_65535_for_ignore() -> None:
    schema, _ = schema_from_values(["7", "1300"], things=False)
    assert (schema.dtype, schema.ignore) == ("uint16", 65535)
    assert [c.code for c in schema.classes] == [7, 1300]
    assert schema_from_values(["255", "1300"], things=True)[0].by_code[255].name == "255"


@pytest.mark.parametrize("values", [["-1", "3"], ["1", "70000"]])
def test_numbers_that_no_mask_can_hold_are_an_error_that_asks_for_a_schema(
    values: list[str],
) -> None:
    with pytest.raises(RecipeError, match=r"own codes, which run from 0 to 65535.*\[schema\]"):
        schema_from_values(values, things=False)


def test_values_of_a_schema_map_numbers_and_texts_to_a_class(tmp_path: Path) -> None:
    shapes = [box(i * 3, 0, i * 3 + 2, 2) for i in range(4)]
    labels = source(file_of(tmp_path, shapes, kind=["W", "-1", "12", "land"]))
    schema = declared(
        {"name": "water", "code": 5, "values": ["W", 12]},
        {"name": "nothing", "code": 255, "values": [-1]},
        {"name": "land", "code": 9},
    )
    loaded, report = load(WHERE, [labels], schema=schema)
    assert burned(loaded, WHOLE)[0, [0, 3, 6, 9]].tolist() == [5, 255, 5, 9]
    assert report.features_by_class == {"water": 2, "land": 1, "ignore": 1}


def test_an_unknown_class_is_an_error_that_names_value_features_and_the_nearest_name(
    tmp_path: Path,
) -> None:
    shapes = [box(i, 0, i + 1, 1) for i in range(4)]
    labels = source(
        file_of(
            tmp_path, shapes, kind=["water", "watr", "water", "watr"], uid=["p", "q", "r", "s"]
        ),
        id_field="uid",
    )
    schema = declared({"name": "water", "code": 1}, {"name": "roof", "code": 2})
    with pytest.raises(
        InputError, match=r"2 features have class 'watr'.*ids q, s.*water.*unknown = 'ignore'"
    ):
        load(WHERE, [labels], schema=schema)


def test_a_null_class_is_an_error_that_names_the_features(tmp_path: Path) -> None:
    labels = source(file_of(tmp_path, [box(0, 0, 1, 1)] * 2, kind=["a", None]))
    with pytest.raises(
        InputError, match=r"1 feature has no class \(null\) in field 'kind' \(ids 2\)"
    ):
        load(WHERE, [labels], schema=schema_of(labels))


def test_unknown_and_null_classes_are_burned_as_ignore_when_asked_for(tmp_path: Path) -> None:
    shapes = [box(0, 0, 2, 2), box(3, 0, 5, 2), box(6, 0, 8, 2)]
    labels = source(file_of(tmp_path, shapes, kind=["a", "b", None]))
    schema = declared({"name": "a", "code": 1}, unknown="ignore")
    loaded, report = load(WHERE, [labels], schema=schema)
    assert burned(loaded, WHOLE)[0, [0, 3, 6]].tolist() == [1, 255, 255]
    assert report.sources[0].n_unknown == 2
    assert (
        "2 features of unknown class (None, b) are burned as ignore"
        in report.sources[0].warnings[0]
    )


def test_several_fields_that_could_hold_the_class_are_an_error(tmp_path: Path) -> None:
    path = file_of(tmp_path, [box(0, 0, 1, 1)], Class=["a"], TYPE=["b"], TermType=[1])
    with pytest.raises(InputError, match=r"2 fields that could hold the class \(Class, TYPE\)"):
        load(WHERE, [LabelSource(path=path)])


def test_a_class_field_is_found_by_its_whole_name_ignoring_case(tmp_path: Path) -> None:
    path = file_of(tmp_path, [box(0, 0, 1, 1)], CATEGORY=["a"], TermType=[1], subclass=["x"])
    assert distinct_classes([LabelSource(path=path)], SchemaOptions()) == ["a"]


def test_without_a_class_field_everything_is_one_class_named_after_the_layer(
    tmp_path: Path,
) -> None:
    path = file_of(tmp_path, [box(0, 0, 1, 1)], name="houses.gpkg", TermType=[1])
    assert distinct_classes([LabelSource(path=path)], SchemaOptions()) == ["houses"]
    _, report = load(
        WHERE, [LabelSource(path=path)], schema=declared({"name": "houses", "code": 1})
    )
    assert "all features of 'houses' are one class" in report.sources[0].notes[0]


def test_one_instance_id_with_two_classes_is_an_error_that_names_both(tmp_path: Path) -> None:
    labels = source(
        file_of(tmp_path, [box(0, 0, 1, 1), box(3, 3, 4, 4)], kind=["a", "b"], obj=["7", "7"]),
        instance_field="obj",
    )
    with pytest.raises(InputError, match=r"instance id '7' has 2 classes \(a, b; features 1, 2\)"):
        load(WHERE, [labels], schema=schema_of(labels))


def test_features_of_one_instance_are_one_object_and_null_ids_are_objects_of_their_own(
    tmp_path: Path,
) -> None:
    shapes = [
        box(0, 0, 3, 3),
        box(2, 0, 5, 3),
        box(8, 8, 9, 9),
        box(10, 10, 12, 12),
        box(15, 0, 16, 1),
    ]
    labels = source(
        file_of(tmp_path, shapes, kind=["a"] * 5, obj=["x", "x", None, None, "y"]),
        instance_field="obj",
    )
    loaded, report = load(WHERE, [labels], schema=schema_of(labels))
    found = dict(zip(loaded.objects.instance_id, loaded.objects.area_px.tolist(), strict=True))
    assert found == {"x": 15, "fid:3": 1, "fid:4": 4, "y": 1}, "the overlap of x counts once"
    assert (
        dict(zip(loaded.objects.instance_id, loaded.objects.n_features.tolist(), strict=True))["x"]
        == 2
    )
    assert report.n_objects == 4


def test_equal_ids_in_two_files_are_two_objects(tmp_path: Path) -> None:
    first = source(
        file_of(tmp_path, [box(0, 0, 3, 3)], kind=["a"], obj=[1], name="one.gpkg"),
        instance_field="obj",
    )
    second = source(
        file_of(tmp_path, [box(5, 5, 7, 7)], kind=["b"], obj=[1], name="two.gpkg"),
        instance_field="obj",
    )
    loaded, _ = load(WHERE, [first, second], schema=schema_of(first, second))
    assert loaded.objects.instance_id == ["1", "1"]
    assert sorted(loaded.objects.namespace) == ["one.gpkg", "two.gpkg"]
    assert sorted(loaded.objects.area_px.tolist()) == [4, 9]


def test_files_of_one_name_in_two_folders_get_numbered_namespaces(tmp_path: Path) -> None:
    sources = []
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        path = file_of(
            tmp_path, [box(0, 0, number, number)], kind=["a"], obj=[1], name=f"{number}/x.gpkg"
        )
        sources.append(source(path, instance_field="obj"))
    loaded, _ = load(WHERE, sources, schema=schema_of(*sources))
    assert sorted(loaded.objects.namespace) == ["x.gpkg", "x.gpkg#2"]


def test_a_shared_namespace_joins_objects_across_files(tmp_path: Path) -> None:
    sources = [
        source(
            file_of(tmp_path, [box(n * 4, 0, n * 4 + 2, 2)], kind=["a"], obj=[1], name=f"{n}.gpkg"),
            instance_field="obj",
            namespace="buildings",
        )
        for n in (0, 1)
    ]
    loaded, _ = load(WHERE, sources, schema=schema_of(*sources))
    assert loaded.objects.area_px.tolist() == [8]


def test_stuff_background_and_ignore_are_no_objects(tmp_path: Path) -> None:
    labels = source(
        file_of(tmp_path, [box(i, i, i + 2, i + 2) for i in range(4)], kind=["t", "s", "i", "b"])
    )
    schema = declared(
        {"name": "t", "code": 1},
        {"name": "s", "code": 2, "thing": False},
        {"name": "i", "code": 255},
        {"name": "b", "code": 0},
    )
    loaded, _ = load(WHERE, [labels], schema=schema)
    assert loaded.objects.code.tolist() == [1]


TINY = [box(2.6, 3.6, 2.9, 3.9), box(0, 0, 2, 2), box(10.6, 0, 10.9, 0.4), box(-3, -3, -2.9, -2.9)]


def test_objects_too_small_for_a_centre_are_counted_by_class(tmp_path: Path) -> None:
    labels = source(file_of(tmp_path, TINY, kind=["a", "a", "b", "a"]))
    loaded, report = load(WHERE, [labels], schema=schema_of(labels), padding=5)
    assert burned(loaded, WHOLE).sum() == 4
    assert report.tiny_by_class == {"a": 1, "b": 1}
    assert (report.n_burned, report.off_image, report.n_features) == (1, 1, 4)


def test_keep_tiny_burns_the_pixel_that_holds_them_and_nothing_else(tmp_path: Path) -> None:
    labels = source(file_of(tmp_path, TINY, kind=["a", "a", "b", "a"]))
    loaded, report = load(WHERE, [labels], schema=schema_of(labels), padding=5, keep_tiny=True)
    expected = np.zeros((20, 20), dtype=int)
    expected[0:2, 0:2] = expected[3, 2] = 1
    expected[0, 10] = 2
    assert np.array_equal(burned(loaded, WHOLE), expected)
    assert report.tiny_by_class == {}
    assert sorted(loaded.objects.area_px.tolist()) == [0, 1, 1, 4]


def test_an_id_field_must_name_each_feature(tmp_path: Path) -> None:
    shapes = [box(0, 0, 1, 1)] * 3
    twice = source(file_of(tmp_path, shapes, kind=["a"] * 3, uid=["p", "q", "p"]), id_field="uid")
    with pytest.raises(InputError, match=r"id_field 'uid'.*1 occur more than once \(p\)"):
        load(WHERE, [twice], schema=schema_of(twice))
    missing = source(
        file_of(tmp_path, shapes, kind=["a"] * 3, uid=["p", None, "q"], name="m.gpkg"),
        id_field="uid",
    )
    with pytest.raises(InputError, match=r"1 features have none \(feature numbers 2\)"):
        load(WHERE, [missing], schema=schema_of(missing))


def test_invalid_polygons_are_repaired_named_and_burned(tmp_path: Path) -> None:
    bow_tie = Polygon([(0, 0), (8, 8), (8, 0), (0, 8)])
    labels = source(
        file_of(tmp_path, [bow_tie, box(10, 10, 12, 12)], kind=["a", "a"], uid=["bow", "ok"]),
        id_field="uid",
    )
    loaded, report = load(WHERE, [labels], schema=schema_of(labels))
    assert names_of(report) == ["bow"]
    assert "invalid geometries: 1, repaired by shapely.make_valid" in " ".join(
        report.sources[0].notes
    )
    halves = shapely.make_valid(bow_tie)
    column, row = np.meshgrid(np.arange(20) + 0.5, np.arange(20) + 0.5)
    expected = shapely.contains_xy(halves, column, row)
    edge = shapely.distance(shapely.points(column, row), halves.boundary) < 1e-6
    burn = burned(loaded, Window(0, 0, 20, 20)) > 0
    burn[10:12, 10:12] = False
    assert np.array_equal(burn[~edge], expected[~edge])


def test_empty_and_missing_geometries_are_counted_and_left_out(tmp_path: Path) -> None:
    shapes = [box(0, 0, 2, 2), None, Polygon()]
    labels = source(file_of(tmp_path, shapes, kind=["a"] * 3, name="labels.geojson"))
    loaded, report = load(WHERE, [labels], schema=schema_of(labels))
    assert burned(loaded, WHOLE).sum() == 4
    assert report.n_features == 1


def test_lines_and_points_need_a_width(tmp_path: Path) -> None:
    labels = source(file_of(tmp_path, [LineString([(0, 0), (9, 9)])], kind=["a"]))
    with pytest.raises(
        InputError, match=r"1 features that are LineString.*buffer_m or labels\.width_field"
    ):
        load(WHERE, [labels], schema=schema_of(labels))


def test_a_multipolygon_is_one_object_with_its_parts_and_holes(tmp_path: Path) -> None:
    shape = MultiPolygon([box(0, 0, 6, 6) - box(2, 2, 4, 4), box(10, 10, 13, 13)])
    labels = source(file_of(tmp_path, [shape], kind=["a"]))
    loaded, _ = load(WHERE, [labels], schema=schema_of(labels))
    assert loaded.objects.area_px.tolist() == [36 - 4 + 9]
